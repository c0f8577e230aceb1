"""The `tradingdb` command."""


def main() -> None:
    """Run the command."""
