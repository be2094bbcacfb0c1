"""The forms that names have, as patterns."""

CLIENT_NAME = r"^[A-Z][A-Z0-9_]*$"
"""Of a client or a venue. No hyphen: the engine cuts a client's name at the first one, and two clients become one."""

TRADER_ID = r"^[A-Za-z0-9][A-Za-z0-9_-]*-[A-Za-z0-9_]+$"
"""A name and a tag with a hyphen between. The engine aborts the whole process on a trader id of any other form."""

IMPORT_PATH = r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$"
"""``package.module:Name``, as NautilusTrader writes it."""

VERSION_MIN = r"^\d+\.\d+(\.\d+)?$"
"""A version of a server."""

FILE_NAME = r"^[^/\\]+$"
"""A file name without a directory."""
