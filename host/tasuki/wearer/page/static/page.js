// Keeps the plots new while somebody looks. Everything works without it; the link below does the same.
"use strict";
const plots = document.getElementById("plots");
async function refresh() {
  if (document.hidden || plots.contains(document.activeElement)) return;
  try {
    const answer = await fetch(plots.dataset.fresh, { credentials: "same-origin" });
    if (answer.ok && !answer.redirected) plots.innerHTML = await answer.text();
  } catch {
    // the network is away; the next turn tries again
  }
}
if (plots) setInterval(refresh, 2000);
