"""Captures as other tools read them: WFDB, EDF+, CSV, Parquet, NumPy.

`source` gives what was proved, stream by stream, with its gaps; a writer per format takes it as it
comes, so memory stays bounded however long the capture is; `converting` joins the two.
docs/convert.md says what stands where.
"""
