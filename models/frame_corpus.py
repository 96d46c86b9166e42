"""JSON lines with text and lang on stdin -> `lang TAB byte-count`, the text's bytes, a newline."""

import json
import sys

out = sys.stdout.buffer
for line in sys.stdin:
    document = json.loads(line)
    text = document["text"].encode("utf-8", "surrogatepass")
    out.write(b"%s\t%d\n%s\n" % (document["lang"].encode(), len(text), text))
