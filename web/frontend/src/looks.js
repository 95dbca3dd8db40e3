// Light, dark, or as the system says: kept in a cookie, so that the server sends the right page.
const root = document.documentElement;
const buttons = document.querySelectorAll("[data-look]");

function show() {
  for (const button of buttons) {
    button.setAttribute("aria-pressed", String(button.dataset.look === (root.dataset.theme ?? "")));
  }
}

for (const button of buttons) {
  button.addEventListener("click", () => {
    const look = button.dataset.look;
    if (look) root.dataset.theme = look;
    else delete root.dataset.theme;
    const age = look ? 31536000 : 0;
    document.cookie = `engine_theme=${look}; path=/; max-age=${age}; samesite=lax`;
    show();
    document.dispatchEvent(new CustomEvent("engine:look"));
  });
}
show();

// the menu closes as menus do
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
