"""The Python half of scripts/gpu-suite.sh, run in its work folder.

gpu_suite.py goldens BINARY DEVICE FIXTURES: tests/fixtures' answers and trainings by the native binary on a device; standard library only.
gpu_suite.py measure PRESET: PyTorch and transformers on the works of `smvl bench`, on the CUDA device where there is one, into peers.json.
gpu_suite.py table PRESET:   what both measured as one Markdown table.
"""
import array, json, os, subprocess, sys, tempfile, time

TILES, TEXT, BEFORE = 17, 200, 10   # of the fine-tuning step, as in src/Smvl/Benchmarks/StepWork.cs
PROMPT, SHORT, NEW = 512, 16, 32    # tokens, as in src/Smvl/Benchmarks/InferenceWork.cs
GIB = 2**30


# ---- goldens: the tolerances of tests/Smvl.Tests/Training/TrainingGoldenTests.cs

def goldens(binary, device, fixtures):
    failures = sum(check(f"{fixtures}/{what}", case) for what, case in
                   [(what, case) for what, cases in (("generate", answers(binary, device, fixtures)), ("training", trainings(binary, device, fixtures)))
                    for case in cases])
    print("golden answers and trainings: all agree" if failures == 0 else f"golden answers and trainings: {failures} do not agree")
    return 1 if failures else 0


def check(what, case):
    name, problem = case
    if problem:
        print(f"wrong: {os.path.basename(what)} {name}: {problem}")
    return 1 if problem else 0


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    return (done.stdout, None) if done.returncode == 0 else (None, (done.stderr.strip().splitlines() or ["no word"])[-1])


def between(text, start, end):
    begin = text.index(start) + len(start)
    return text[begin:text.index(end, begin)]


def answers(binary, device, fixtures):
    for number, case in enumerate(json.load(open(f"{fixtures}/generate/greedy.json", encoding="utf8"))):
        question = between(case["prompt"], "<|im_start|>user\n", "<|im_end|>")
        images = [argument for name in case["images"] for argument in ("--image", f"{fixtures}/generate/{name}")]
        output, problem = run(
            binary, "chat", f"{fixtures}/spliced", question.split("\n")[-1] if images else question, "--device", device, "--thinking", "on",
            "--system", between(case["prompt"], "<|im_start|>system\n", "<|im_end|>"), "--temperature", "0", "--json",
            "--max_new_tokens", str(max(40, len(case["new_ids"]))), *images)
        if not problem:
            answer = json.loads(output)
            problem = None if answer["prompt_ids"] == case["ids"] and answer["new_ids"] == case["new_ids"] else f"new ids {answer['new_ids']}, expected {case['new_ids']}"
        yield number, problem


def trainings(binary, device, fixtures):
    for file in sorted(name for name in os.listdir(f"{fixtures}/training") if name.endswith(".json")):
        name = file[:-5]
        golden = json.load(open(f"{fixtures}/training/{file}", encoding="utf8"))
        with tempfile.TemporaryDirectory() as folder:
            keys = dict(
                model=f"{fixtures}/spliced", data_dir=f"{fixtures}/training/data", train_data="fixture", output_dir=folder, report_to="none",
                turns="first", max_images=1, loss_on="all", eval_rows=0, train_sampling_strategy="sequential", logging_steps=1, device=device,
                freeze={"connector": "connector", "vision": "connector+vision", "full": "full"}[name.split("-")[0]], **golden["args"])
            _, problem = run(binary, "train", *(word for key, value in keys.items() for word in (f"--{key}", str(value))))
            yield name, problem or log_problem(golden["log"], f"{folder}/log.jsonl") or weight_problem(
                f"{fixtures}/training/{name}.safetensors", f"{folder}/model.safetensors")


def log_problem(expected, path):
    steps = [entry for entry in map(json.loads, open(path, encoding="utf8")) if "loss" in entry]
    if len(steps) != len(expected):
        return f"{len(steps)} steps, expected {len(expected)}"
    for ours, golden in zip(steps, expected):
        off = abs(ours["loss"] - golden["loss"]), abs(ours["grad_norm"] / golden["grad_norm"] - 1)
        if not (off[0] <= 1e-4 and off[1] <= 1e-3):
            return f"step {golden['step']}: loss {ours['loss']}, expected {golden['loss']}; gradient norm {ours['grad_norm']}, expected {golden['grad_norm']}"
    return None


def tensors(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        start = file.tell()
        for name, tensor in header.items():
            if name == "__metadata__":
                continue
            begin, end = tensor["data_offsets"]
            file.seek(start + begin)
            raw = file.read(end - begin)
            if tensor["dtype"] == "BF16":
                raw = b"".join(b"\0\0" + raw[i:i + 2] for i in range(0, len(raw), 2))
            elif tensor["dtype"] != "F32":
                raise ValueError(f"{path}: {name} is {tensor['dtype']}")
            yield name, array.array("f", raw)


def weight_problem(expected, path):
    ours = dict(tensors(path))
    for name, values in tensors(expected):
        amplified = "vision_model" in name and name.endswith("k_proj.bias")   # AdamW divides its rounding by itself (tests/fixtures/README.md)
        allowed = 2e-3 if amplified else 1e-4 * max(map(abs, values)) + 1e-7
        worst = max(abs(a - b) for a, b in zip(ours[name], values))
        if not worst <= allowed:
            return f"{name} is off by {worst:.3g}, allowed {allowed:.3g}"
    return None


# ---- PyTorch and transformers

class Peer:
    def __init__(self, preset):
        import torch
        from transformers import AutoModelForImageTextToText
        from transformers.utils import logging
        logging.disable_progress_bar()
        self.torch = torch
        self.cuda = torch.cuda.is_available()
        self.device = "cuda" if self.cuda else "cpu"
        self.runs = 10 if preset == "full" else 2
        self.load = lambda attention: AutoModelForImageTextToText.from_pretrained(
            "spliced", dtype=torch.bfloat16, attn_implementation=attention).to(self.device)
        self.rows = {}

    def wait(self):
        if self.cuda:
            self.torch.cuda.synchronize()

    def best(self, work, queued=1, runs=None):
        seconds = []
        for _ in range(2 + (runs or self.runs)):
            self.wait(); start = time.perf_counter()
            for _ in range(queued):
                work()
            self.wait(); seconds.append((time.perf_counter() - start) / queued)
        return min(seconds[2:])

    def keep(self, name, value):
        self.rows[name] = value
        print(f"{name} {value:.5g}", file=sys.stderr)

    def random(self, *shape, dtype=None, gradient=False):
        return self.torch.randn(*shape, device=self.device, dtype=dtype or self.torch.bfloat16).requires_grad_(gradient)

    def products(self, shapes):
        torch = self.torch
        for dtype, suffix in ((torch.bfloat16, "bf16"), (torch.float32, "fp32")):
            for name in ("forward", "dx", "dw"):
                operations = seconds = 0
                for m, k, n in shapes:
                    x, w, dy = self.random(m, k, dtype=dtype), self.random(n, k, dtype=dtype), self.random(m, n, dtype=dtype)
                    seconds += self.best({"forward": lambda: x @ w.T, "dx": lambda: dy @ w, "dw": lambda: dy.T @ x}[name], queued=16)
                    operations += 2 * m * k * n
                self.keep(f"gemm.{name} {suffix}", operations / seconds / 1e9)

    def attention(self, shapes):
        torch = self.torch
        for causal in (True, False):
            operations = seconds = 0
            for tokens, heads, kv, width, is_causal in shapes:
                if is_causal != causal:
                    continue
                q, k, v = (self.random(1, h, tokens, width, gradient=True) for h in (heads, kv, kv))
                dO = self.random(1, heads, tokens, width)
                call = lambda: torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=causal, enable_gqa=heads != kv)

                def both():
                    q.grad = k.grad = v.grad = None
                    call().backward(dO)
                seconds += self.best(both, queued=16)
                product = 2 * heads * width * (tokens * (tokens + 1) / 2 if causal else tokens * tokens)
                operations += 7 * product
            self.keep(f"attention.{'causal' if causal else 'full'} bf16", operations / seconds / 1e9)

    def inference(self):
        torch = self.torch
        model = self.load("sdpa").eval()
        vision = model.config.vision_config
        with torch.no_grad():
            pixels = self.random(1, 1, 3, vision.image_size, vision.image_size)
            mask = torch.ones(1, 1, vision.image_size, vision.image_size, dtype=torch.bool, device=self.device)
            self.keep("tile", self.best(lambda: model.get_image_features(pixels, mask)))
            ids = self.ids(model, PROMPT)
            head = lambda output: model.lm_head(output.last_hidden_state[:, -1:])
            self.keep("prompt512", PROMPT / self.best(lambda: head(model.model.text_model(input_ids=ids, use_cache=True))))

            def generate():
                output = model.model.text_model(input_ids=ids[:, :SHORT], use_cache=True)
                token = head(output).argmax(-1)
                self.wait(); start = time.perf_counter()
                for _ in range(NEW):
                    output = model.model.text_model(input_ids=token, past_key_values=output.past_key_values, use_cache=True)
                    token = head(output).argmax(-1)
                self.wait()
                return time.perf_counter() - start
            self.keep("generate", NEW / min(generate() for _ in range(4)))

    def ids(self, model, count):
        generator = self.torch.Generator().manual_seed(0)
        return self.torch.randint(0, model.config.image_token_id, (1, count), generator=generator).to(self.device)

    def step(self, name, attention, train, tiles):
        torch = self.torch
        model = self.load(attention)
        for parameter, value in model.named_parameters():
            value.requires_grad = train == "full" or "connector" in parameter
        optimizer = torch.optim.AdamW([value for value in model.parameters() if value.requires_grad], lr=1e-4)
        vision, image = model.config.vision_config, model.config.image_token_id
        rows = tiles * (vision.image_size // vision.patch_size // model.config.scale_factor) ** 2
        ids = self.ids(model, TEXT)
        ids = torch.cat([ids[:, :BEFORE], torch.full((1, rows), image, device=self.device), ids[:, BEFORE:]], 1)
        labels = ids.masked_fill(ids == image, -100)
        pixels = self.random(1, tiles, 3, vision.image_size, vision.image_size)
        mask = torch.ones(1, tiles, vision.image_size, vision.image_size, dtype=torch.bool, device=self.device)

        def one():
            model(input_ids=ids, attention_mask=torch.ones_like(ids), pixel_values=pixels, pixel_attention_mask=mask, labels=labels).loss.backward()
            torch.nn.utils.clip_grad_norm_([value for value in model.parameters() if value.grad is not None], 1.0)
            optimizer.step(); optimizer.zero_grad()
        if self.cuda:
            torch.cuda.empty_cache(); torch.cuda.reset_peak_memory_stats()
        self.keep(f"{name} {attention}", self.best(one, runs=3))
        if self.cuda:
            self.keep(f"peak.{name} {attention}", torch.cuda.max_memory_allocated() / GIB)

    def header(self):
        import transformers
        where = self.torch.cuda.get_device_name() if self.cuda else "the CPU: no CUDA device"
        return f"PyTorch {self.torch.__version__}, transformers {transformers.__version__}, bf16, on {where}"


def measure(preset):
    peer, shapes = Peer(preset), json.load(open("shapes.json", encoding="utf8"))
    works = [
        lambda: peer.step("step.connector", "eager", "connector", TILES), lambda: peer.inference(),
        lambda: peer.products(shapes["products"]), lambda: peer.attention(shapes["attention"]),
        lambda: peer.step("step.connector", "sdpa", "connector", TILES), lambda: peer.step("step.full", "sdpa", "full", 1)]
    for work in works:
        try:
            work()
        except Exception as error:   # the other works are measured
            print(f"not measured: {type(error).__name__}: {error}", file=sys.stderr)
        finally:
            json.dump({"header": peer.header(), "rows": peer.rows}, open("peers.json", "w", encoding="utf8"))
            if peer.cuda:
                peer.torch.cuda.empty_cache()
    return 0


def table(preset):
    ours = {row["name"]: row for row in json.loads(read("smvl.json") or "[]")}
    peers = json.loads(read("peers.json") or '{"header": "PyTorch and transformers: not measured", "rows": {}}')
    print("\n".join([line for line in read("header.txt").splitlines() if line][:3] + [peers["header"]]))
    print("\n| work | SmVL | peer | ratio | target | met |\n|---|---:|---|---:|---|---|")

    def row(name, suffix="", target="", met=None):
        mine, peer = ours.get(name), peers["rows"].get(f"{name} {suffix}".strip())
        if mine is None:
            print(f"| {name} | not measured | | | {target} | |"); return
        value, unit = mine["value"], mine["unit"]
        ratio = value / peer if peer else None
        known = met is not None and preset == "full" and (ratio is not None or "GB" in target)
        answer = ("yes" if met(value, ratio) else "**no**") if known else ""
        print(f"| {name} | {value:.4g} {unit} | {f'{suffix} {peer:.4g} {unit}'.strip() if peer else ''} | {f'{ratio:.2f}' if ratio else ''} | {target} | {answer} |")

    for name in ("gemm.forward", "gemm.dx", "gemm.dw"):
        row(name, "bf16", "at least 40 % of PyTorch", lambda v, r: r >= 0.4)
        row(name, "fp32")
    row("attention.causal", "bf16"); row("attention.full", "bf16")
    row("tile")
    row("prompt512", "", "at least as fast", lambda v, r: r >= 1)
    row("generate", "", "at least as fast", lambda v, r: r >= 1)
    row("step.connector", "eager", "at most half the time", lambda v, r: r <= 0.5)
    row("step.connector", "sdpa")
    row("peak.step.connector", "eager", "below 8 GB", lambda v, r: v * GIB < 8e9)
    row("step.connector.checkpointed"); row("peak.step.connector.checkpointed")
    row("step.full", "sdpa"); row("peak.step.full", "sdpa")
    row("chat"); row("peak.chat"); row("load")
    return 0


def read(path):
    return open(path, encoding="utf8").read() if os.path.exists(path) else ""


if __name__ == "__main__":
    commands = {"goldens": (goldens, 3), "measure": (measure, 1), "table": (table, 1)}
    if len(sys.argv) < 2 or sys.argv[1] not in commands or len(sys.argv) != 2 + commands[sys.argv[1]][1]:
        sys.exit(__doc__)
    sys.exit(commands[sys.argv[1]][0](*sys.argv[2:]))
