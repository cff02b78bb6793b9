import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

/** The plugin, whose start can be read off the browser's performance tools under the plugin's name. */
export function measured<T>(plugin: JupyterFrontEndPlugin<T>): JupyterFrontEndPlugin<T> {
  return {
    ...plugin,
    activate: (...parts) => {
      const start = performance.now();
      const given = plugin.activate(...parts);
      performance.measure(plugin.id, { start });
      return given;
    }
  };
}
