// Fills in where this gateway is, and asks it for the prediction that the form describes.
const NUMBER = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$/;
const url = new URL('invocations', location.href);
url.username = url.password = ''; // a page may be opened by an address with a password; no request may be made by one
for (const place of document.querySelectorAll('.url')) place.textContent = url.href;

// The JSON of one cell. Numbers travel as they were typed: JavaScript would round the long ones.
function cell(input) {
  const text = input.value;
  if (text === '' && input.dataset.missing) return 'null';
  if (input.dataset.kind === 'string') return JSON.stringify(text);
  if (input.dataset.kind === 'boolean' || NUMBER.test(text)) return text;
  throw new Error(`${input.name} must be a number.`);
}

// By way of the document: a column may be called like any property of the form.
function body() {
  const cells = [...document.querySelectorAll('[data-kind]')].map(input => `${JSON.stringify(input.name)}: ${cell(input)}`);
  return `{"dataframe_records": [{${cells.join(', ')}}]}`;
}

async function predict() {
  const headers = { 'Content-Type': 'application/json' };
  const token = document.querySelector('#token').value.trim();
  if (token) headers.Authorization = `Bearer ${token}`;
  const answer = await fetch(url, { method: 'POST', headers, body: body() });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.message);
  return [JSON.stringify(said, null, 2), `Answered by ${answer.headers.get('X-Kronkers-Version')}`];
}

document.querySelector('form').addEventListener('submit', async event => {
  event.preventDefault();
  const [shown, note, button] = ['#answer', '#note', 'button'].map(one => document.querySelector(one));
  button.disabled = true;
  note.className = 'quiet';
  try {
    [shown.textContent, note.textContent] = await predict();
  } catch (problem) {
    [shown.textContent, note.textContent, note.className] = ['', problem.message, 'bad'];
  } finally {
    shown.hidden = shown.textContent === '';
    button.disabled = false;
  }
});
