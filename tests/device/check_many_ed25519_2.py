"""Part 2 of the 11,024 signatures on which viper, the C module and PyNaCl agree."""

import agreement

agreement.check(2)
