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

# The forms that texts have, in words: a pattern helps nobody.
PATTERN_WORDS = {
    CLIENT_NAME: "capital letters, digits and underscores, beginning with a letter; no hyphen",
    IMPORT_PATH: "package.module:Name",
    TRADER_ID: "NAME-TAG: letters and digits with a hyphen between, such as TRADER-001",
    VERSION_MIN: "a version, such as 6.2",
    FILE_NAME: "a name without a path",
}
