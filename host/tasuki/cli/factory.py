"""`tasuki factory`: one module per family of commands, imported when one is called."""

import click

from tasuki.cli.lazy import LazyGroup

_COMMANDS = {
    "root": ("tasuki.cli.factory_keys", "root"),
    "plant": ("tasuki.cli.factory_keys", "plant"),
    "orders": ("tasuki.cli.factory_keys", "orders"),
    "station": ("tasuki.cli.factory_keys", "station"),
    "order": ("tasuki.cli.factory_order", "order"),
    "operator": ("tasuki.cli.factory_shift", "operator"),
    "shift": ("tasuki.cli.factory_shift", "shift"),
    "run": ("tasuki.cli.factory_run", "run"),
    "units": ("tasuki.cli.factory_units", "units"),
    "retest": ("tasuki.cli.factory_units", "retest"),
    "label": ("tasuki.cli.factory_units", "label"),
    "audit": ("tasuki.cli.factory_record", "audit"),
    "report": ("tasuki.cli.factory_record", "report"),
    "revoke": ("tasuki.cli.factory_after", "revoke"),
    "revoke-issuer": ("tasuki.cli.factory_after", "revoke_issuer"),
    "rotate": ("tasuki.cli.factory_after", "rotate"),
    "bind": ("tasuki.cli.factory_after", "bind"),
    "crl": ("tasuki.cli.factory_crl", "crl_"),
    "export": ("tasuki.cli.factory_manifest", "export"),
    "import": ("tasuki.cli.factory_manifest", "import_"),
    "authority": ("tasuki.cli.factory_trust", "authority"),
    "trust": ("tasuki.cli.factory_trust", "trust"),
    "distrust": ("tasuki.cli.factory_trust", "distrust"),
    "revocations": ("tasuki.cli.factory_trust", "revocations"),
}


@click.group(cls=LazyGroup, table=_COMMANDS)
def factory() -> None:
    """The manufacturing line: one key per hub, exactly once (docs/factory.md).

    \b
    Example:
      tasuki factory station init line1 --issuer plant --product demo-garment --first 1000 --last 1999
      tasuki factory run --station line1 --order order.json --all
    """
