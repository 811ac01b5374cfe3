"""Usual wrong answers to the exercises of the course: lines that set `answer`, run where the exercise stands."""

WRONG = {
    "0.1": ["answer = 8", "answer = (2.01**3 - 2**3) / 0.02"],
    "0.2": [
        "def answer(function, x, nudge):\n    return (function(x + nudge) - function(x)) / nudge",
        "def answer(function, x, nudge):\n    return (function(x + nudge) - function(x - nudge)) / nudge",
    ],
    "0.3": ["answer = 12", "answer = 8"],
    "0.4": ["answer = 0.45", "answer = -1"],
    "0.5": ["answer = (200, 100)", "answer = (784, 784)"],
    "0.6": [
        "def answer(inputs, weights):\n    return weights @ inputs.T",
        "def answer(inputs, weights):\n    return inputs @ weights",
        "def answer(inputs, weights):\n    return inputs * weights",
    ],
    "1.1": ["answer = 1.0986", "answer = 0.25"],
    "1.2": [
        "def answer(output):\n    return sigmoid(output) * (1 - sigmoid(output))",
        "def answer(output):\n    return output",
    ],
    "1.3": [
        "answer = (says_three == is_three).mean(), says_three, is_three",
        "answer = is_three.mean(), says_three, is_three",
    ],
    "1.4": ["answer = 1, 1, 0", "answer = 1, 1, -0.5", "answer = 1, 1, -2"],
    "1.5": ["def answer(a, b, c):\n    return a @ b @ c", "def answer(a, b, c):\n    return a.T @ b.T @ c.T"],
    "1.6": ["answer = 2", "answer = 8"],
    "2.1": ["answer = 0.5", "answer = 0.175"],
    "2.2": [
        "def answer(hidden_outputs, final_outputs, wanted):\n    return (wanted - final_outputs).T @ hidden_outputs",
        "def answer(hidden_outputs, final_outputs, wanted):\n    return -hidden_outputs.T @ (wanted - final_outputs)",
    ],
    "2.3": [
        "def answer(errors, who, hidden):\n    return errors @ who",
        "def answer(errors, who, hidden):\n    return errors @ who * sigmoid(hidden) * (1 - sigmoid(hidden))",
    ],
    "2.4": ["answer = 25", "answer = 0.5"],
    "2.5": ["answer = 50", "answer = 0"],
    "2.6": [
        "order = np.random.default_rng(SEED).permutation(784)\n"
        "answer = train_and_score(x_train, x_val), train_and_score(x_train[:, order], x_val)",
        "answer = (train_and_score(x_train, x_val),) * 2",
    ],
    "3.1": ["answer = 0.0025", "answer = 20"],
    "3.2": [
        "def answer(w, v, g, rate, m):\n    v = m * v - rate * g\n    return w + v, v",
        "def answer(w, v, g, rate, m):\n    v = m * v + (1 - m) * rate * g\n    return w + v, v",
        "def answer(w, v, g, rate, m):\n    return w + v, m * v - (1 - m) * rate * g",
    ],
    "3.3": ["answer = 0.105", "answer = 3.25"],
    "3.4": [
        "answer = (accuracy(train(few, usual).query(x_val), y_val),) * 2",
        "answer = 1.0, 1.0",
    ],
    "3.5": [
        "answers = train(spoilt, early_settings).query(spoilt.inputs).argmax(axis=1)\n"
        "answer = (answers == clean.labels).mean(), (answers == clean.labels).mean()",
        "answer = 0.0, 0.0",
    ],
    "3.6": [
        "def answer(final_inputs):\n    return sigmoid(final_inputs).mean(axis=0)",
        "def answer(final_inputs):\n    return sigmoid(np.sum(final_inputs, axis=0))",
    ],
    "4.1": [
        "def answer(pixels):\n    return tuple(np.argwhere(pixels > 0).mean(axis=0))",
        "def answer(pixels):\n    rows, columns = np.indices(pixels.shape)\n"
        "    return np.average(columns, weights=pixels), np.average(rows, weights=pixels)",
        "def answer(pixels):\n    return 14, 14",
    ],
    "4.2": ["answer = 0.5, 0.75", "answer = 0, 1.0986"],
    "4.3": [
        "def answer(final, temperature):\n    return softmax(final * temperature).max()",
        "def answer(final, temperature):\n    return softmax(final).max() / temperature",
    ],
    "4.4": ["answer = np.quantile(members, 0.96), members", "answer = 0.04, members"],
    "4.5": ["answer = 3.0, tried", "answer = 0.01, tried"],
    "4.6": ["answer = 1.5", "answer = 0.375"],
}
