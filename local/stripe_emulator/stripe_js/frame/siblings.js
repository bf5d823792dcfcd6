// The other frames of the same page on this origin: only they can see what is typed.

export function siblings(group) {
  const found = [];
  for (let index = 0; index < parent.length; index += 1) {
    try {
      const element = parent[index].stripeElement;
      if (element?.group === group) found.push(element);
    } catch (error) {
      // A frame of another origin is none of ours.
      if (!(error instanceof DOMException)) throw error;
    }
  }
  return found;
}
