"""The same pipe as `shardify encode`: JSONL in, an array of ids a line out, one thread.

encode_pipe.py tiktoken r50k_base.tiktoken | encode_pipe.py tokenizers tokenizer.json | ... versions

JSON is read and written by orjson. Special-token text is plain text to tiktoken (encode_ordinary);
tokenizers has no such switch and makes special tokens of it.
"""

import os
import sys

os.environ["TOKENIZERS_PARALLELISM"] = "false"
BATCH = 256


def tiktoken_encoder(path):
    import tiktoken
    from tiktoken.load import load_tiktoken_bpe

    pattern = (
        r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s""")
    encoding = tiktoken.Encoding(
        "gpt2-local", pat_str=pattern, mergeable_ranks=load_tiktoken_bpe(path),
        special_tokens={"<|endoftext|>": 50256})
    return lambda texts: [encoding.encode_ordinary(text) for text in texts]


def tokenizers_encoder(path):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(path)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return lambda texts: [
        encoded.ids for encoded in tokenizer.encode_batch_fast(texts, add_special_tokens=False)]


def main():
    from importlib.metadata import version

    if sys.argv[1] == "versions":
        print(*(f"{name} {version(name)}" for name in ("tiktoken", "tokenizers", "orjson")), sep=", ")
        return
    import orjson

    encode = {"tiktoken": tiktoken_encoder, "tokenizers": tokenizers_encoder}[sys.argv[1]](
        sys.argv[2])
    output = sys.stdout.buffer
    texts = []

    def flush():
        output.write(b"".join(orjson.dumps(ids) + b"\n" for ids in encode(texts)))
        texts.clear()

    for line in sys.stdin.buffer:
        texts.append(orjson.loads(line)["text"])
        if len(texts) == BATCH:
            flush()
    flush()


main()
