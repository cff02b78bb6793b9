/** What jsdom lacks and JupyterLab's modules look for when they are loaded. */

class DragEventStub extends MouseEvent {}

Object.assign(globalThis, {
  DragEvent: DragEventStub,
  matchMedia: () => ({ matches: false, addEventListener() {}, removeEventListener() {} })
});
