"""Part 3 of the 11,024 signatures on which viper, the C module and PyNaCl agree."""

import agreement

agreement.check(3)
