"""Writes tests/Smvl.Tests/Models/data/image-tokens.json: make_image_tokens_golden.py OUT LAYOUT=DIR ...

Each DIR is a splice of the fixtures' sources with that image layout (smvl splice --image_layout LAYOUT). Of each the file has
pictures' sizes, a question, and the ids that the folder's own chat template and stock AutoProcessor make of them, thinking off.
"""
import json
import sys

from PIL import Image
from transformers import AutoProcessor

CASES = [
    ([(64, 64)], "图中有什么？"),
    ([(300, 200)], "What is it? 1+1=2"),
    ([(200, 300)], "\n第一行\n第二行"),
    ([(500, 40)], "<row 1> a_b"),
    ([(40, 500), (128, 128)], "比较两张图。"),
    ([], "你好"),
]
golden = {}
for argument in sys.argv[2:]:
    layout, folder = argument.split("=")
    processor = AutoProcessor.from_pretrained(folder)
    if layout == "qwen3-smvl":
        processor.fake_image_token = "<vision_start>"  # text, as the original scripts set it; no key of the folder can say it
    golden[layout] = []
    for sizes, question in CASES:
        content = [{"type": "image"} for _ in sizes] + [{"type": "text", "text": question}]
        text = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True, enable_thinking=False)
        images = [Image.new("RGB", size) for size in sizes]
        ids = processor(text=text, images=images or None)["input_ids"][0]
        golden[layout].append({"sizes": sizes, "question": question, "ids": list(ids)})
    markers = ["<fake_token_around_image>", "<global-img>", "<row_2_col_2>"]
    print(layout, processor.fake_image_token, processor.global_image_token, [len(processor.tokenizer(m)["input_ids"]) for m in markers])
with open(sys.argv[1], "w", encoding="utf8") as out:
    json.dump(golden, out, ensure_ascii=False)
    out.write("\n")
