/* Ten drawings to try, made for this page. Each stroke is a line of points "x,y" in hundredths of the paper's height, with
   0 in the middle of the paper's width. Of the last two the network cannot be sure. */

const DRAWINGS = {
  "a two": ["-15,34 -11,24 0,19 11,23 15,34 11,46 0,59 -11,70 -18,80 -6,80 8,79 19,80"],
  "four hundred and seven": [
    "-50,26 -54,40 -61,56 -46,56 -31,55", "-42,42 -43,60 -45,79",
    "0,27 -9,31 -13,42 -14,53 -12,66 -6,76 1,78 9,74 13,63 14,50 12,38 6,29 -1,27",
    "35,29 48,28 62,28 56,43 50,60 46,79",
  ],
  "an eight in one stroke": ["11,28 3,20 -7,21 -13,29 -10,39 1,47 12,57 15,68 9,78 -2,81 -12,76 -15,66 -9,56 2,47 11,38 12,29"],
  "a year": [
    "-66,38 -62,30 -54,30 -50,38 -54,50 -64,64 -69,72 -58,72 -47,71",
    "-25,31 -32,36 -35,48 -34,62 -28,71 -21,71 -15,62 -14,48 -17,36 -25,31",
    "12,38 16,30 24,30 28,38 24,50 14,64 9,72 20,72 31,71",
    "63,31 55,38 49,50 48,63 54,72 63,70 66,61 60,54 52,57 48,63",
  ],
  "a five in two strokes": ["-9,23 -12,35 -14,46 -4,43 7,45 14,53 14,66 7,76 -5,79 -15,74", "-9,23 3,23 15,22"],
  "a crossed seven": ["-17,24 0,23 18,23 11,40 4,60 0,81", "-10,51 3,50 17,49"],
  "with a decimal point": [
    "-52,34 -44,28 -35,31 -33,41 -40,48 -45,50 -35,54 -31,64 -37,74 -47,76 -54,71", "-14,74 -13,74.5",
    "12,30 11,45 10,60 9,76", "44,30 39,44 33,58 46,58 60,57", "52,44 51,60 50,77",
  ],
  "a house, which is no digit": ["-20,50 -20,80 20,80 20,50", "-28,53 -14,38 0,22 14,38 28,53", "-5,80 -5,64 6,64 6,80"],
  "a four or a nine?": ["0,28 -10,36 -13,46 -8,55 2,55 11,52", "12,28 11,48 10,64 9,80"],
  "a one or a seven?": ["-10,30 0,26 3,24 2,42 0,60 -2,80"],
};

/** The drawings, each a {title, strokes}: lists of points [x, y] in heights of the paper. */
export const examples = Object.entries(DRAWINGS).map(([title, strokes]) => ({ title, strokes: strokes.map(parse) }));

function parse(stroke) {
  return stroke.split(" ").map((point) => point.split(",").map((number) => number / 100));
}
