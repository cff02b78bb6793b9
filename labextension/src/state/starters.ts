/** Notebooks to begin with: those of the demo where they lie in the server's folder, else new ones with a first model. */

import type { Contents, KernelSpec } from '@jupyterlab/services';

import { languageInWords } from './words';

/** A notebook that is there, or one that can be made for a kernel. */
export interface Starter {
  language: string;
  /** Where it is; null if it would be new. */
  path: string | null;
  /** The kernel of a new one. */
  kernel: string;
}

const DEMO: Record<string, string> = {
  python: 'train_python.ipynb',
  r: 'train_r.ipynb',
  julia: 'train_julia.ipynb'
};
const FOLDERS = ['', 'notebooks'];

/** The demo's notebooks, by language. */
export async function findDemo(contents: Contents.IManager): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const folder of FOLDERS) {
    for (const path of await notebooksIn(contents, folder)) {
      const language = Object.keys(DEMO).find(key => path.endsWith(DEMO[key] as string));
      if (language && !found[language]) {
        found[language] = path;
      }
    }
  }
  return found;
}

async function notebooksIn(contents: Contents.IManager, folder: string): Promise<string[]> {
  try {
    const listing: Contents.IModel = await contents.get(folder, { content: true });
    return (listing.content as Contents.IModel[]).map(({ path }) => path);
  } catch {
    return [];
  }
}

/** One for each language that has a kernel, in the order Python, R, Julia. */
export function startersOf(
  specs: KernelSpec.ISpecModels | null,
  demo: Record<string, string>
): Starter[] {
  const kernels = Object.values(specs?.kernelspecs ?? {});
  return Object.keys(DEMO).flatMap(language => {
    const fitting = kernels.filter(spec => spec?.language.toLowerCase() === language);
    const kernel = fitting.find(spec => spec?.name === specs?.default) ?? fitting[0];
    return kernel ? [{ language, path: demo[language] ?? null, kernel: kernel.name }] : [];
  });
}

/** Writes a new notebook into a folder and gives its path. */
export async function createStarter(
  contents: Contents.IManager,
  folder: string,
  { language, kernel }: Starter
): Promise<string> {
  const { path } = await contents.newUntitled({ path: folder, type: 'notebook' });
  const content = {
    cells: cellsOf(language),
    metadata: { kernelspec: { name: kernel, display_name: languageInWords(language) } },
    nbformat: 4,
    nbformat_minor: 4
  };
  await contents.save(path, { type: 'notebook', format: 'json', content });
  return named(contents, path, `${folder ? `${folder}/` : ''}first-model-${language}.ipynb`);
}

async function named(contents: Contents.IManager, path: string, wish: string): Promise<string> {
  try {
    return (await contents.rename(path, wish)).path;
  } catch {
    // There is one of that name already, and it is the person's.
    return path;
  }
}

interface Lesson {
  train: string;
  register: string;
}

const LESSONS: Record<string, Lesson> = {
  python: {
    train: `# Any object with a predict method will do. No scikit-learn here? Run: %pip install scikit-learn
import pandas as pd
from sklearn.linear_model import LinearRegression

flats = pd.DataFrame({
    "area": [30.0, 45.0, 60.0, 75.0, 90.0, 120.0],
    "rooms": [1, 2, 2, 3, 3, 4],
    "rent": [420.0, 610.0, 750.0, 930.0, 1080.0, 1390.0],
})
X, y = flats[["area", "rooms"]], flats["rent"]
model = LinearRegression().fit(X, y)
model.predict(X)`,
    register: `import jupyter_kronkers as kronkers

kronkers.register(model, "rents", data=X, target=y)`
  },
  r: {
    train: `flats <- data.frame(
  area = c(30, 45, 60, 75, 90, 120),
  rooms = c(1, 2, 2, 3, 3, 4),
  rent = c(420, 610, 750, 930, 1080, 1390)
)
model <- lm(rent ~ area + rooms, data = flats)
predict(model, flats)`,
    register: `library(kronkers)

register(model, "rents-r", data = flats, target = "rent")`
  },
  julia: {
    train: `struct Rents
    weights::Vector{Float64}
end

features(rows) = hcat(ones(length(rows.area)), rows.area, rows.rooms)
predict(model::Rents, rows) = features(rows) * model.weights

flats = (
    area = [30.0, 45.0, 60.0, 75.0, 90.0, 120.0],
    rooms = [1, 2, 2, 3, 3, 4],
    rent = [420.0, 610.0, 750.0, 930.0, 1080.0, 1390.0],
)
model = Rents(features(flats) \\ flats.rent)
predict(model, flats)`,
    register: `using Kronkers

register(model, "rents-jl"; data = flats, target = "rent")`
  }
};

const TITLE = `# A first model

What does a flat cost, given its area and its rooms? Run the next cell: it fits a model to six flats.`;
const NEXT = `Now press **Register model** in the toolbar above, or run the next cell. Then look at the Kronkers panel on the left.`;

function cellsOf(language: string): object[] {
  const { train, register } = LESSONS[language] as Lesson;
  const code = (source: string) => ({
    cell_type: 'code',
    source,
    metadata: {},
    outputs: [],
    execution_count: null
  });
  const text = (source: string) => ({ cell_type: 'markdown', source, metadata: {} });
  return [text(TITLE), code(train), text(NEXT), code(register)];
}
