"""Checks that chat_template.jinja renders every golden conversation exactly, in plain Jinja and through transformers.

Run by hand among the peers (jinja2 and transformers), from the root of the checkout:
python3 scripts/check_chat_template.py [FIXTURES]

ChatTemplate.cs is tested against the same goldens, so the two renderings agree where this passes.
"""
import json
import sys

from jinja2.sandbox import ImmutableSandboxedEnvironment
from transformers import AutoTokenizer

fixtures = sys.argv[1] if len(sys.argv) > 1 else "tests/fixtures"
template = open("src/Smvl/Text/chat_template.jinja", encoding="utf8").read()
cases = json.load(open(f"{fixtures}/chat/cases.json", encoding="utf8"))

environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
environment.filters["tojson"] = lambda value, **_: json.dumps(value, ensure_ascii=False)
plain = environment.from_string(template)
tokenizer = AutoTokenizer.from_pretrained(f"{fixtures}/sources/qwen3-tiny")
tokenizer.chat_template = template

wrong = 0
for index, case in enumerate(cases):
    flags = {"add_generation_prompt": case["add_generation_prompt"], "tools": case["tools"]}
    if case["enable_thinking"] is not None:
        flags["enable_thinking"] = case["enable_thinking"]
    for name, text in (("jinja2", plain.render(messages=case["messages"], **flags)),
                       ("transformers", tokenizer.apply_chat_template(case["messages"], tokenize=False, **flags))):
        if text != case["text"]:
            wrong += 1
            print(f"case {index} ({case['name']}), {name}:\n  expected {case['text']!r}\n  actual   {text!r}")
print(f"{len(cases)} conversations, {wrong} renderings wrong")
sys.exit(wrong > 0)
