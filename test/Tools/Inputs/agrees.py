"""agrees.py LABELLED.csv PREDICTED.csv SCORES.json: the classes of the predictions
meet the labels in the share that `nnc evaluate --json` gives as accuracy."""

import csv
import json
import sys

labels = [row[-1] for row in csv.reader(open(sys.argv[1]))]
predictions = [row["class"] for row in csv.DictReader(open(sys.argv[2]))]
scores = json.loads(open(sys.argv[3]).readline())
assert len(labels) == len(predictions) == scores["samples"], (len(labels), len(predictions))
right = sum(a == b for a, b in zip(labels, predictions))
assert right == round(scores["accuracy"] * len(labels)), (right, scores)
assert right > 0.95 * len(labels), right
print("agrees:", right, "of", len(labels))
