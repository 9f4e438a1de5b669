import type { Picked } from "../model/picked";
import { IntentEvent } from "../model/intent";

/** What a mouse does that comes to lie on bytes: they are marked wherever they are. */
export function hovered(picked: () => Picked): (event: PointerEvent) => void {
  return (event) => {
    if (event.pointerType !== "mouse" || event.buttons !== 0) return;
    event.currentTarget?.dispatchEvent(new IntentEvent({ do: "hover", picked: picked() }));
  };
}

/** Enter and Space on a drawing that acts as a button. */
export function pressed(act: (event: Event) => void): (event: KeyboardEvent) => void {
  return (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    act(event);
  };
}
