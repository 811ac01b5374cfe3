/* The experiments: settings with a question, what one may predict, and what has happened, by the numbers of the run. */

const per = (share) => `${(100 * share).toFixed(1)}%`;
const accuracy = ({ last }) => last.validation_accuracy;

/** Each prediction has a text, and `holds` tells by the end of the run whether it came true. */
export const PRESETS = [
  {
    id: "one-node",
    name: "One hidden node",
    settings: { hidden_nodes: 1, epochs: 5 },
    question: "All 784 pixels meet in one single hidden node. How many digits will the network read?",
    predictions: [
      { text: "About 1 in 10", holds: (run) => accuracy(run) < 0.15 },
      { text: "2 to 5 in 10", holds: (run) => accuracy(run) >= 0.15 && accuracy(run) < 0.55 },
      { text: "More than half", holds: (run) => accuracy(run) >= 0.55 },
    ],
    tell: (run) =>
      `It reads ${per(accuracy(run))}: it gives everything the same answer. Its one hidden output is always above 0, so ` +
      "whichever output has the largest weight wins, whatever the picture.",
  },
  {
    id: "too-fast",
    name: "Too fast",
    settings: { learning_rate: 3, epochs: 5 },
    question: "The usual learning rate here is 0.1. What will a learning rate of 3 do?",
    predictions: [
      { text: "Learn 30 times as fast", holds: (run) => run.reason !== "diverged" && accuracy(run) >= 0.9 },
      { text: "Learn nothing, or fall apart", holds: (run) => run.reason === "diverged" || accuracy(run) < 0.5 },
      { text: "Learn, but badly", holds: (run) => run.reason !== "diverged" && accuracy(run) >= 0.5 && accuracy(run) < 0.9 },
    ],
    tell: (run) =>
      `${run.reason === "diverged" ? "It diverged. " : ""}Each step goes too far and ends with a larger loss. ` +
      `${run.last.stuck} of ${run.ready.hidden_nodes} hidden nodes are stuck at 0 or 1, where they hardly learn; ` +
      `${per(accuracy(run))} are read.`,
  },
  {
    id: "all-alike",
    name: "All alike",
    settings: { zero_weights: true, hidden_nodes: 16, records: 1000, epochs: 1 },
    question: "All weights begin at 0 instead of at random. What will become of the 16 hidden nodes?",
    predictions: [
      { text: "Each finds its own pattern", holds: (run) => run.last.spread >= 0.01 },
      { text: "All stay the same", holds: (run) => run.last.spread < 0.01 && run.last.step > 0 },
      { text: "Nothing changes at all", holds: () => false },
    ],
    tell: (run) =>
      `The nodes differ by ${per(run.last.spread)} of a weight: each gets the same error as all others. Sixteen nodes ` +
      `that are alike do what one does, and read ${per(accuracy(run))}. Only rounding can part them, in a longer run.`,
  },
  {
    id: "by-heart",
    name: "Learning by heart",
    settings: { records: 300, epochs: 60, batch_size: 10 },
    question: "It sees only 300 digits, 60 times each. How will it do on digits that it has never seen?",
    predictions: [
      { text: "As well as on the 300", holds: (run) => run.last.accuracy - accuracy(run) < 0.02 },
      { text: "Clearly worse", holds: (run) => run.last.accuracy - accuracy(run) >= 0.02 && accuracy(run) > 0.3 },
      { text: "It can only guess", holds: (run) => accuracy(run) <= 0.3 },
    ],
    tell: (run) => `It knows ${per(run.last.accuracy)} of its 300, and reads ${per(accuracy(run))} of the others.`,
  },
  {
    id: "wrong-labels",
    name: "Wrong labels",
    settings: { wrong_labels: 0.3, epochs: 5 },
    question: "3 in 10 of the labels that it learns from are wrong. How many digits will it read rightly?",
    predictions: [
      { text: "About 7 in 10", holds: (run) => accuracy(run) >= 0.6 && accuracy(run) < 0.8 },
      { text: "Fewer", holds: (run) => accuracy(run) < 0.6 },
      { text: "A good deal more", holds: (run) => accuracy(run) >= 0.8 },
    ],
    tell: (run) =>
      `It reads ${per(accuracy(run))}, by the right labels, though it agrees with only ${per(run.last.accuracy)} of those ` +
      "it learnt from: wrong labels contradict each other, right ones do not.",
  },
  {
    id: "textbook",
    name: "The textbook's way",
    settings: { batch_size: 1, momentum: 0, epochs: 2, records: 10_000 },
    question: "A step after every single record, as textbooks do it. When will it read 8 of 10 digits?",
    predictions: [
      { text: "In the first tenth of pass 1", holds: (run) => firstAt(run, 0.8) <= 0.1 },
      { text: "Later in the first pass", holds: (run) => firstAt(run, 0.8) > 0.1 && firstAt(run, 0.8) <= 1 },
      { text: "Not before the second", holds: (run) => firstAt(run, 0.8) > 1 },
    ],
    tell: (run) => {
      const first = firstAt(run, 0.8);
      const { records, epochs } = run.ready;
      const when = first === Infinity ? "It never did" : `It did after ${Math.round(first * records)} records`;
      const steps = Math.ceil(records / 100) * epochs;
      return `${when}, and ended at ${per(accuracy(run))} after ${run.last.step} steps. In batches of 100 it takes ${steps}.`;
    },
  },
];

/** Return after how many epochs so many validation records were read for the first time. */
function firstAt({ snapshots }, share) {
  return snapshots.find((snapshot) => snapshot.validation_accuracy >= share)?.epoch ?? Infinity;
}
