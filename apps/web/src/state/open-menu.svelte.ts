/** A box that a button opens: Escape in it, and a pointer or the focus outside of it, close it again. */
export class OpenMenu {
  open = $state(false);
  /** The element that holds both, and the button. */
  root = $state<HTMLElement>();
  button = $state<HTMLButtonElement>();

  toggle = (): void => {
    this.open = !this.open;
  };

  /** For the window's `pointerdown` and `focusin`. */
  closeOutside = ({ target }: Event): void => {
    if (this.open && target instanceof Node && !this.root?.contains(target)) this.open = false;
  };

  /** For the `keydown` of `root`. */
  closeByKey = (event: KeyboardEvent): void => {
    if (!this.open || event.key !== 'Escape') return;
    this.open = false;
    this.button?.focus();
    event.stopPropagation();
  };
}
