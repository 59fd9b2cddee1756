// Light or dark, as chosen here before. It runs before the page is drawn, so that nothing flashes;
// where nothing was chosen, the style sheet follows the system.
const chosen = localStorage.getItem("theme");
if (chosen) document.documentElement.dataset.theme = chosen;
