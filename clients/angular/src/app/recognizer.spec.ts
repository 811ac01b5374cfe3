/* When the server is asked and what, which answer counts, and what happens while the server is away. */

import { CLOTHES, digit, drawDot, network, pass, PICTURE, QUERY, READ, reading, refuse, setUp, tearDown } from '../testing/bench';

describe('Recognizer', () => {
  let bench: ReturnType<typeof setUp>;

  afterEach(() => tearDown(bench));

  describe('of digits', () => {
    beforeEach(() => (bench = setUp()));

    it('asks while a number is drawn, one question at a time, the next about the newest drawing', () => {
      const { sheet, recognizer, http } = bench;
      sheet.begin({ x: 0.1, y: 0.5 });
      pass(100);
      const first = http.expectOne(READ);
      expect(first.request.body).toEqual({ imageData: PICTURE });
      for (let x = 1; x < 9; x += 1) {
        sheet.extend([{ x: x / 9, y: 0.5 }]);
        pass(50);
      }
      http.expectNone(READ); // the first is still under way
      first.flush(reading('1'));
      expect(recognizer.outcome()?.reading?.text).toBe('1');
      expect(recognizer.isSettled()).toBe(false);
      pass(100);
      http.expectOne(READ).flush(reading('17'));
      expect(recognizer.outcome()?.reading?.text).toBe('17');
      expect(recognizer.isSettled()).toBe(true);
      pass(1000);
    });

    it('never sends an empty paper, and shows no answer to it', () => {
      const { sheet, recognizer, http } = bench;
      drawDot(sheet);
      const asked = http.expectOne(READ);
      sheet.clear();
      asked.flush(reading('1'));
      expect(recognizer.outcome()).toBeNull();
      pass(1000);
    });

    it("passes on the server's own words", () => {
      const { sheet, recognizer, http } = bench;
      drawDot(sheet);
      refuse(http.expectOne(READ), 'no-ink', 'There is nothing on it.');
      expect(recognizer.outcome()?.refusal).toBe('There is nothing on it.');
    });

    it('asks again until a server that is away is back', () => {
      const { sheet, recognizer, http } = bench;
      drawDot(sheet);
      http.expectOne(READ).error(new ProgressEvent('error'));
      expect(recognizer.trouble()).toBe('The server does not answer.');
      pass(600);
      http.expectOne(READ).error(new ProgressEvent('error'));
      pass(1100);
      http.expectOne(READ).flush(reading('1'));
      expect(recognizer.trouble()).toBe('');
      expect(recognizer.outcome()?.reading?.text).toBe('1');
    });

    it('looks at the first digit that is unsure, or else the last, or the one that is chosen', () => {
      const { sheet, recognizer, http } = bench;
      drawDot(sheet);
      http.expectOne(READ).flush(reading('407', { digits: [digit('4'), digit('0', { unsure: true }), digit('7')] }));
      expect(recognizer.digit()?.label).toBe('0');
      recognizer.choose(0);
      expect(recognizer.digit()?.label).toBe('4');
      drawDot(sheet, 0.8);
      http.expectOne(READ).flush(reading('4071'));
      expect(recognizer.digit()?.label).toBe('1');
    });

    it('takes the whole picture for one thing as soon as the server has a network of other classes', () => {
      const { sheet, recognizer, http } = bench;
      drawDot(sheet);
      refuse(http.expectOne(READ), 'no-numbers', 'It reads no numbers.');
      http.expectOne(QUERY).flush({ ...digit('Coat', { outputs: [0.9, 0.1] }), class_names: CLOTHES });
      expect(recognizer.outcome()?.reading).toMatchObject({ text: 'Coat', confidence: 0.98, class_names: CLOTHES });
      expect(recognizer.digit()?.label).toBe('Coat');
      drawDot(sheet, 0.8);
      http.expectOne(QUERY).flush({ ...digit('7'), class_names: network().class_names });
      drawDot(sheet, 0.9);
      http.expectOne(READ).flush(reading('7'));
    });
  });

  it('asks a network of clothes for no numbers', () => {
    bench = setUp(network(CLOTHES));
    drawDot(bench.sheet);
    bench.http.expectOne(QUERY).flush({ ...digit('Bag', { outputs: [0.1, 0.9] }), class_names: CLOTHES });
    expect(bench.recognizer.outcome()?.reading?.text).toBe('Bag');
  });
});
