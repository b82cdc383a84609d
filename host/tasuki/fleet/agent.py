"""What runs on the hub while files are copied: a few functions at its raw prompt, gone afterwards.

They use only what a stock MicroPython has. Bytes are fed as one run; _tk_l has
name, length and hash of the files that begin in it. A file is written beside
its place, read back, hashed, and takes its place by rename: at every moment the
hub has the old file or the new one. A source beside a compiled module goes,
because MicroPython would import the source.
"""

SETUP = """
import os,gc
from hashlib import sha256
from binascii import hexlify
try:
 from deflate import DeflateIO,RAW
 from io import BytesIO
 def _tk_z(s,w):return DeflateIO(BytesIO(s),RAW,w).read()
except ImportError:
 _tk_z=None
def _tk_hash(p):
 try:
  f=open(p,'rb')
 except OSError:
  return '-'
 h=sha256();b=memoryview(bytearray(1024))
 while 1:
  n=f.readinto(b)
  if not n:break
  h.update(b[:n])
 f.close()
 return hexlify(h.digest()).decode()
def _tk_have(d,l):
 for n in l:
  print(_tk_hash(d+n))
  if n[-4:]=='.mpy':
   try:
    os.stat(d+n[:-3]+'py');print('+')
   except OSError:pass
def _tk_dir(p):
 i=p.find('/',1)
 while i>0:
  try:os.mkdir(p[:i])
  except OSError as e:
   if e.errno!=17:raise
  i=p.find('/',i+1)
def _tk_twin(p):
 if p[-4:]=='.mpy':
  try:os.remove(p[:-3]+'py')
  except OSError:pass
def _tk_begin(d,x):
 global _tk_d,_tk_x,_tk_l,_tk_f
 _tk_d=d;_tk_x=x;_tk_l=[];_tk_f=None
def _tk_feed(s):
 global _tk_f,_tk_p,_tk_n
 s=memoryview(s)
 while _tk_l:
  if not _tk_f:
   _tk_p=_tk_d+_tk_l[0][0];_tk_n=_tk_l[0][1];_tk_f=open(_tk_p+'.new','wb')
  n=min(_tk_n,len(s));_tk_f.write(s[:n]);s=s[n:];_tk_n-=n
  if _tk_n:break
  _tk_done(_tk_l.pop(0)[2])
def _tk_done(h):
 global _tk_f
 _tk_f.close();_tk_f=None
 if _tk_hash(_tk_p+'.new')!=h:
  os.remove(_tk_p+'.new');print('bad');return
 os.rename(_tk_p+'.new',_tk_p)
 if _tk_x:_tk_twin(_tk_p)
 print('ok')
def _tk_drop():
 try:
  if _tk_f:_tk_f.close();os.remove(_tk_p+'.new')
 except (NameError,OSError):pass
"""
DROP = "_tk_drop()"
GONE = "for _tk_n in [n for n in globals() if n[:4]=='_tk_']:del globals()[_tk_n]\ndel _tk_n\ngc.collect()"
# after SETUP, what the hub is: one line of a Python literal
WHO = """
import sys,gc
gc.collect()
try:
 import micropython
 micropython.kbd_intr(3)
except (ImportError,AttributeError):pass
print((sys.platform,getattr(sys.implementation,'_mpy',0),sys.path,gc.mem_free(),_tk_z is not None))
"""
