/* The handwritten digits: pixels from 0 (paper) to 16 (ink), then the labels. */

export class Digits {
  constructor(bytes, described) {
    const { train, test, image_size, levels, labels_offset } = described;
    this.pixelsOfOne = image_size * image_size;
    this.train = train;
    this.test = test;
    const pixels = bytes.subarray(0, labels_offset);
    this.images = Float32Array.from(pixels, (pixel) => pixel / levels);
    this.labels = bytes.subarray(labels_offset, labels_offset + train + test);
  }

  /* One image, as numbers from 0 to 1. */
  image(place) {
    return this.images.subarray(place * this.pixelsOfOne, (place + 1) * this.pixelsOfOne);
  }

  /* The images at these places, one after another, in an order of their pixels, and what
   * they show. */
  batch(places, order) {
    const images = new Float32Array(places.length * this.pixelsOfOne);
    const labels = new BigInt64Array(places.length);
    places.forEach((place, i) => {
      images.set(rearranged(this.image(place), order), i * this.pixelsOfOne);
      labels[i] = BigInt(this.labels[place]);
    });
    return { images, labels };
  }

  /* The places of the held-out images: they stand after those to learn from. */
  get testPlaces() {
    return Array.from({ length: this.test }, (_, i) => this.train + i);
  }
}

/* An image with its pixels in another order, which says for each place what stands there. */
export function rearranged(image, order) {
  return Float32Array.from(order, (pixel) => image[pixel]);
}

/* The way back. */
export function restored(image, order) {
  const pixels = new Float32Array(order.length);
  order.forEach((pixel, place) => (pixels[pixel] = image[place]));
  return pixels;
}
