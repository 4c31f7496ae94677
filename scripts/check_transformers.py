"""Checks by hand that stock transformers loads a spliced or exported folder: check_transformers.py DIR [FIXTURES]
                                                           or: check_transformers.py DIR --chat ANSWER QUESTION [PICTURE]

Without FIXTURES: the folder loads with no custom code and no missing, unexpected or mismatched tensor, and AutoProcessor makes
a SmolVLMProcessor of it. With FIXTURES (DIR being the splice of its sources): the processor also gives the ids of
generate/greedy.json from its texts and pictures, and the model, given the fixtures' connector, the same answers.
With --chat: ANSWER is what `smvl chat DIR [--image PICTURE] QUESTION --temperature 0 --json` printed; the folder's own chat template
and processor give its prompt_ids, and the model in float32 its new_ids.
"""
import json
import re
import sys

import torch
from PIL import Image
from safetensors.torch import load_file
from transformers import AutoModelForImageTextToText, AutoProcessor

folder = sys.argv[1]
processor = AutoProcessor.from_pretrained(folder)
assert type(processor).__name__ == "SmolVLMProcessor", type(processor)
model, info = AutoModelForImageTextToText.from_pretrained(folder, output_loading_info=True)
assert not any(info[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys", "error_msgs")), info
assert type(model).__name__ == "SmolVLMForConditionalGeneration", type(model)
assert processor.tokenizer.convert_tokens_to_ids(processor.image_token) == model.config.image_token_id
print(f"loaded: {sum(p.numel() for p in model.parameters()):,} parameters, {model.dtype}, image_seq_len {processor.image_seq_len}")

if "--chat" in sys.argv:
    answer = json.load(open(sys.argv[3], encoding="utf8"))
    images = [Image.open(path) for path in sys.argv[5:]]
    content = [{"type": "image"} for _ in images] + [{"type": "text", "text": sys.argv[4]}]
    text = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True, enable_thinking=False)
    inputs = processor(text=text, images=images or None, return_tensors="pt")
    ids = inputs["input_ids"][0].tolist()
    assert ids == answer["prompt_ids"], (ids, answer["prompt_ids"])
    model = model.float()
    wanted = answer["new_ids"]
    new = model.generate(**inputs, do_sample=False, repetition_penalty=1.0, max_new_tokens=len(wanted))[0, len(ids):].tolist()
    assert new == wanted, (wanted, new)
    print(f"{len(ids)} prompt ids and {len(new)} greedy tokens are the same")
elif len(sys.argv) > 2:
    fixtures = sys.argv[2]
    model = model.float()
    connector = model.model.connector.modality_projection.proj.weight
    with torch.no_grad():
        connector.copy_(load_file(f"{fixtures}/spliced/connector-init.safetensors")["connector"])
    # a picture's rows, its tiles' or its only one's, up to the closing marker
    picture = re.compile(r"<\|vision_start\|>(?:<row_.*?\n\n<\|vision_start\|>)?<\|vision_pad\|>(?:<\|image_pad\|>)+<\|vision_start\|>", re.S)
    for case in json.load(open(f"{fixtures}/generate/greedy.json", encoding="utf8")):
        text = picture.sub("<|image_pad|>", case["prompt"])
        images = [Image.open(f"{fixtures}/generate/{name}") for name in case["images"]]
        inputs = processor(text=text, images=images or None, return_tensors="pt")
        assert inputs["input_ids"][0].tolist() == case["ids"], (case["ids"], inputs["input_ids"][0].tolist())
        new = model.generate(**inputs, do_sample=False, max_new_tokens=40)[0, len(case["ids"]):].tolist()
        assert new == case["new_ids"], (case["new_ids"], new)
    print("ids and greedy answers equal the fixtures'")
