// Unpacks the findings: base64 -> gzip -> JSON -> columns. Nothing is fetched.

async function unpack(element) {
  const binary = atob(element.textContent.trim());
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  element.textContent = "";
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

// One column: `at(i)` is its value in row i, `find(test)` marks the rows whose text passes the test,
// `rank()` gives a number per row that sorts as the values do. Repeated texts are tested and sorted once.
class Column {
  constructor(packed) {
    this.words = packed.words || null;
    this.values = packed.words ? packed.at : packed;
  }

  at(i) {
    return this.words ? this.words[this.values[i]] : this.values[i];
  }

  find(test, marks) {
    const values = this.values;
    if (this.words) {
      const passes = this.words.map((word) => test(word));
      for (let i = 0; i < values.length; i++) if (passes[values[i]]) marks[i] = 1;
    } else {
      for (let i = 0; i < values.length; i++) if (values[i] !== null && test(String(values[i]))) marks[i] = 1;
    }
  }

  rank(order) {
    if (this.ranks) return this.ranks;
    const texts = this.words || this.values;
    if (!this.words && texts.every((value) => value === null || typeof value === "number")) {
      this.ranks = Float64Array.from(texts, (value) => (value === null ? -1 : value));
      return this.ranks;
    }
    const compare = order
      ? (a, b) => order.indexOf(texts[a]) - order.indexOf(texts[b])
      : (a, b) => (texts[a] < texts[b] ? -1 : texts[a] > texts[b] ? 1 : 0);
    const places = new Uint32Array(texts.length);
    Uint32Array.from(texts, (_, i) => i).sort(compare).forEach((text, place) => { places[text] = place; });
    this.ranks = this.words ? Uint32Array.from(this.values, (word) => places[word]) : places;
    return this.ranks;
  }
}
