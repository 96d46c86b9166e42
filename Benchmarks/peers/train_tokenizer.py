"""Trains a tokenizer with a peer, or scores a Unigram model on text.

train_tokenizer.py hf_bpe|gigatoken_bpe|sp_bpe|sp_unigram INPUT.jsonl SIZE OUTPUT
train_tokenizer.py score INPUT.jsonl MODEL      (tokenizer.json or SentencePiece .model)
"""

import json
import math
import sys

PATTERN = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
           r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
           r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def texts(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)["text"]


def hf_bpe(path, size, output):
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(PATTERN), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.train_from_iterator(texts(path), trainers.BpeTrainer(
        vocab_size=size, min_frequency=2, special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    tokenizer.save(output + ".json")


def gigatoken_bpe(path, size, output):
    """GPT-2's cut only, raw bytes: somewhat less work than the others."""
    import gigatoken

    separator = b"\x00<|sep|>"
    data = separator.join(text.encode() for text in texts(path))
    gigatoken.train_bpe(data, size, [separator.decode()], separator=separator)


def sentencepiece(path, size, output, kind):
    import sentencepiece

    sentences = (part for text in texts(path) for part in text.split("\n") if part.strip())
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=sentences, model_prefix=output, vocab_size=size, model_type=kind,
        num_threads=1, byte_fallback=True, character_coverage=0.9995, max_sentence_length=16384,
        normalization_rule_name="identity", remove_extra_whitespaces=False, input_sentence_size=0,
        minloglevel=2)


def score(path, model):
    """Tokens and nats for text line by line, so that neither model sees a newline."""
    lines = [part for text in texts(path) for part in text.split("\n") if part.strip()]
    size = sum(len(line.encode()) for line in lines)
    tokens, nats, bytes_ = 0, 0.0, 0
    if model.endswith(".json"):
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(model)
        scores = [value for _, value in json.load(open(model))["model"]["vocab"]]
        name = tokenizer.id_to_token
        encoded = (encoding.ids for encoding in tokenizer.encode_batch(lines, add_special_tokens=False))
    else:
        import sentencepiece

        processor = sentencepiece.SentencePieceProcessor(model_file=model)
        scores = [processor.get_score(index) for index in range(processor.get_piece_size())]
        name = processor.id_to_piece
        encoded = (processor.encode(line) for line in lines)
    isbyte = [name(index).startswith("<0x") for index in range(len(scores))]
    for ids in encoded:
        tokens += len(ids)
        for index in ids:
            bytes_ += isbyte[index]
            nats -= -20.0 if isbyte[index] else scores[index]
    print(json.dumps({"model": "shardify" if model.endswith(".json") else "sentencepiece",
                      "bytes": size, "tokens": tokens, "bytes_per_token": round(size / tokens, 4),
                      "byte_tokens": bytes_,
                      "bits_per_byte": round(nats / math.log(2) / size, 4)}))


def main():
    kind, path, *rest = sys.argv[1:]
    if kind == "score":
        score(path, rest[0])
    elif kind in ("sp_bpe", "sp_unigram"):
        sentencepiece(path, int(rest[0]), rest[1], kind[3:])
    else:
        {"hf_bpe": hf_bpe, "gigatoken_bpe": gigatoken_bpe}[kind](path, int(rest[0]), rest[1])


main()
