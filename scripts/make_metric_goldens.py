"""What the field's own scorers make of the cases below, for tests/fixtures/evaluation/metrics.json.

    python3 scripts/make_metric_goldens.py LMMS_EVAL VLMEVALKIT PYCOCOEVALCAP OUTPUT.json

The first three are checkouts of EvolvingLMMs-Lab/lmms-eval at 75571cfe0fa36ca5ec2e6aa2bb268f9d38295af3, open-compass/VLMEvalKit at
e8e78f05f3080fe28154f2130321f17951c3be94 and salaniz/pycocoevalcap at ad63453cfab57a81a02b2949b17a91fab1c3df77. Their functions are run as
they stand, taken out of their files by name; nothing of them is copied here. Needs numpy.
"""
import ast, collections, copy, json, math, os, random, re, statistics, string, sys
import numpy as np

lmms, vlm, coco, output = sys.argv[1:]


def take(root, path, *names, **given):
    """The named functions, classes and constants of a file."""
    source = open(os.path.join(root, path), encoding="utf-8").read()
    scope = dict(re=re, os=os, np=np, string=string, math=math, copy=copy, cp=copy, random=random, statistics=statistics,
                 Counter=collections.Counter, defaultdict=collections.defaultdict, List=list, Optional=lambda x: x, **given)
    scope["Optional"] = collections.defaultdict(lambda: None)
    scope["List"] = collections.defaultdict(lambda: None)
    wanted = []
    for node in ast.parse(source).body:
        defined = [node.name] if isinstance(node, (ast.FunctionDef, ast.ClassDef)) else \
            [t.id for t in node.targets if isinstance(t, ast.Name)] if isinstance(node, ast.Assign) else []
        if set(defined) & set(names):
            if isinstance(node, ast.FunctionDef):
                node.decorator_list = []
                node.returns = None
                for a in node.args.args:
                    a.annotation = None
            wanted.append(node)
    exec(compile(ast.Module(wanted, []), path, "exec"), scope)
    return scope


golden = {}

# --- VQA
processor = take(lmms, "lmms_eval/tasks/_task_utils/vqa_eval_metric.py", "EvalAIAnswerProcessor")["EvalAIAnswerProcessor"]()
texts = ["The Two dogs!", "a man's hat", "dont know", "1,000", "3.5 miles", "U.S.A.", "yes, it is", "red/blue", "red / blue", "(left)", "Ten",
         "none", "an apple and the pear", "youre", "it's", "what?", "10:30", "well-known", "a - b", "$5.00", "two\nlines\there", "", "the",
         "e.g. this. that", "100%", "café", "蓝色", "x_y", "2.", ".5", "couldnt've", "Im", "let's go", "o'clock", "semi;colon", "a;b c"]
golden["vqa_normalise"] = [[t, processor(t)] for t in texts]
scope = take(lmms, "lmms_eval/tasks/textvqa/utils.py", "textvqa_process_results", EvalAIAnswerProcessor=lambda: processor)
answers = [["red"] * 10, ["red"] * 3 + ["blue"] * 7, ["red"] * 2 + ["blue"] * 8, ["red", "Red.", "the red", "blue", "blue", "green", "pink", "black", "white", "grey"],
           ["1"] * 4 + ["one"] * 2 + ["2"] * 4, ["nope"] * 10, ["red"] + ["blue"] * 9]
golden["vqa_accuracy"] = [[p, a, scope["textvqa_process_results"]({"answers": list(a), "question_id": 0}, [p])["exact_match"]]
                          for a in answers for p in ["red", "blue", "Blue!", "1", "two"]]

# --- ChartQA
relaxed = take(lmms, "lmms_eval/tasks/chartqa/utils.py", "relaxed_correctness")["relaxed_correctness"]
pairs = [("10", "10"), ("10.5", "10"), ("10.51", "10"), ("9.5", "10"), ("9.49", "10"), ("5%", "0.05"), ("5%", "5"), ("5.2%", "5%"), ("0", "0"), ("0.0", "0"),
         ("Yes", "yes"), ("yes.", "yes"), ("1,000", "1000"), ("1000", "1,000"), ("-10", "-10.4"), ("nan", "10"), ("inf", "10"), (" 10 ", "10"), ("1e1", "10"),
         ("2015", "2014"), ("1_000", "1000"), ("%", "%"), ("", ""), (".5", "0.5"), ("5.", "5"), ("+3", "3"), ("ÜBER", "über")]
golden["relaxed"] = [[p, t, bool(relaxed(p, t))] for p, t in pairs]

# --- ANLS
scope = take(lmms, "lmms_eval/api/metrics.py", "levenshtein_distance", "anls")
cases = [("January 31, 1879", ["January 31, 1879"]), ("january 31 1879", ["January 31, 1879"]), ("abcd", ["abxy"]), ("abcd", ["axyz"]), ("  two   words ", ["two words"]),
         ("a", ["b", "a"]), ("itc limited", ["ITC Limited", "ITC"]), ("0.28", ["0.280"]), ("", ["x"]), ("中国", ["中国人"]), ("😀a", ["😀b"]), ("Paul", ["paul "]), ("abc", ["abcdef"])]
golden["anls"] = [[p, r, scope["anls"](r, [p])["anls"]] for p, r in cases]

# --- multiple choice
said = ["A", "b", "B.", "(C)", "The answer is D", "The correct answer is (B).", "answer: C", "C: because", "A) yes", "I think it is B, not A", "None of these", "", "   ",
        "A cat", "Because D.", "选B", "答案是C。", "the best option is A. So B is wrong", "apple", "a red apple and a pear", "It is a pear.", "**B**", "Option [C]!", "E", "D\n",
        "A or B", "Z", "Cannot determine the answer", "A. apple", "a.", " B . x", "C.", "AB", "It shows a small banana in a bowl on a table", "Dog"]
options = {"A": "apple", "B": "pear", "C": "banana", "D": "dog"}
extract = take(lmms, "lmms_eval/tasks/_task_utils/mcq_extract.py", "extract_mcq_answer", "_DEFAULT_CHOICES", "_ANSWER_PHRASES", "_FORMAT_PRIORITY")["extract_mcq_answer"]
golden["choice"] = [[s, extract(s, list("ABCD"))] for s in said]
infer = take(vlm, "vlmeval/utils/matching_util.py", "can_infer", "can_infer_option", "can_infer_text", "_VERBOSE_ANSWER_RE")["can_infer"]
golden["choice_inferred"] = [[s, infer(s, dict(options)) or ""] for s in said]
scope = take(lmms, "lmms_eval/tasks/scienceqa/utils.py", "sqa_doc_to_target", "sqa_process_results")
golden["choice_bare"] = [[s, next((l for i, l in enumerate("ABCD") if scope["sqa_process_results"]({"choices": list(options.values()), "answer": i}, [s])["exact_match"]), "")] for s in said]
random.choice = lambda choices: ""
mcq = take(lmms, "lmms_eval/tasks/_task_utils/mmmu_mcq_utils.py", "parse_mmmu_multi_choice_response")["parse_mmmu_multi_choice_response"]
golden["mmmu_choice"] = [[s, mcq(s, list(options), dict(options))] for s in said]
scope = take(lmms, "lmms_eval/tasks/mmmu/utils.py", "extract_numbers", "check_is_number", "normalize_str", "parse_open_response", "eval_open")
opens = [("The answer is 5.", "5"), ("5", "5.00"), ("x = 3.14159", "3.14"), ("so the result is 1,200 dollars", "1200"), ("It is a cat", "cat"), ("cats", "cat"), ("b", "b"), ("1e3", "1000"),
         ("therefore nothing", "nothing at all"), ("first 3\nthen 4", "3"), ("first 3\nso it is 4", "3"), ("answer :", "x"), ("", "x"), ("-7", "-7"), ("about 0.666", "0.67"), ("Yes.", "yes")]
golden["mmmu_open"] = [[p, t, bool(scope["eval_open"](t, scope["parse_open_response"](p)))] for p, t in opens]

# --- OCRBench, POPE, MME
scope = take(lmms, "lmms_eval/tasks/ocrbench/utils.py", "_fold_fullwidth_ascii", "ocrbench_process_results")
cases = [("The sign says STOP.", ["stop"], "TextOCR"), ("１２３", ["123"], "x"), ("a b", ["ab"], "x"), ("x ^ 2", ["x^2"], "HME100k"), ("X ^ 2", ["x^2"], "HME100k"), ("line\nbreak", ["line break"], "x"),
         ("no", ["yes", "n"], "x"), ("ＡＢＣ　Ｄ", ["abc d"], "x"), ("", ["x"], "x")]
golden["ocrbench"] = [[p, a, d, scope["ocrbench_process_results"]({"answer": a, "dataset": d, "question_type": "t"}, [p])["ocrbench_accuracy"]["score"]] for p, a, d in cases]
parse = take(lmms, "lmms_eval/tasks/mme/utils.py", "parse_pred_ans")["parse_pred_ans"]
golden["mme_parse"] = [[s, parse(s)] for s in ["Yes", "no.", "Y", "n", "x", "Yes, it is", "No, it is not", "not", "I think yes", "nope", "", "  YES", "oh yes", "Noyes", "是"]]
scope = take(lmms, "lmms_eval/tasks/pope/utils.py", *["pope_aggregate_" + n for n in ("accuracy", "precision", "recall", "f1_score")], "pope_process_results")
pope = [("yes", "yes"), ("Yes", "yes"), ("no", "yes"), ("maybe", "yes"), ("yes", "no"), ("no", "no"), ("No ", "no"), ("yes.", "no"), ("no", "no"), ("yes", "yes")]
results = [scope["pope_process_results"]({"answer": t, "question_id": i}, [p])["pope_accuracy"] for i, (p, t) in enumerate(pope)]
golden["pope"] = {"said": pope, **{n: scope["pope_aggregate_" + n](results) for n in ("accuracy", "precision", "recall", "f1_score")}}
scope = take(lmms, "lmms_eval/tasks/mme/utils.py", "mme_aggregate_results", eval_logger=type("L", (), {"info": staticmethod(print)}))
mme = [("existence", "1", 1.0), ("existence", "1", 1.0), ("existence", "2", 1.0), ("existence", "2", 0.0), ("existence", "3", 0.0), ("existence", "3", 0.0),
       ("code_reasoning", "1", 1.0), ("code_reasoning", "1", 1.0), ("count", "9", 0.0), ("count", "9", 1.0)]
rows = [{"category": c, "question_id": q, "score": s} for c, q, s in mme]
golden["mme"] = {"rows": mme, "perception": scope["mme_aggregate_results"]([r for r in rows if r["category"] != "code_reasoning"]),
                 "cognition": scope["mme_aggregate_results"]([r for r in rows if r["category"] == "code_reasoning"])}

# --- captions, of words that are apart already
captions = [("a man is riding a horse on the beach", ["a man rides a horse along the beach", "a person riding a horse on a sandy beach", "man on a horse near the sea"]),
            ("two cats sleep on a couch", ["two cats are sleeping on the couch", "a pair of cats on a sofa"]),
            ("a plate of food", ["a plate with rice and beans", "a plate of food on a wooden table", "some food on a plate"]),
            ("the the the the", ["the cat is on the mat", "there is a cat on the mat"]),
            ("red bus", ["a red double decker bus drives down the street"])]
cider = take(coco, "cider/cider_scorer.py", "precook", "cook_refs", "cook_test", "CiderScorer")["CiderScorer"]()
bleu = take(coco, "bleu/bleu_scorer.py", "precook", "cook_refs", "cook_test", "BleuScorer", sys=sys)["BleuScorer"](n=4)
for caption, references in captions:
    cider += (caption, references)
    bleu += (caption, references)
score, each = cider.compute_score()
golden["captions"] = {"captions": captions, "cider": float(score), "cider_each": [float(s) for s in each], "bleu": bleu.compute_score(option="closest")[0]}

with open(output, "w", encoding="utf-8") as f:
    f.write("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in golden.items()) + "\n}\n")
