// The bank's page: tells the page around it when the step is over, also if a control call ended it.

const over = () => parent.postMessage({ type: "bank_step_over" }, "*");

async function look() {
  const response = await fetch(`${location.pathname}/state`);
  const { waiting } = await response.json();
  if (waiting) setTimeout(look, 1000);
  else location.reload();
}

if (document.body.dataset.over !== undefined) over();
else setTimeout(look, 1000);
