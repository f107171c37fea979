// The demo shop's own script: a cart in this browser, an account, a lookbook.
// Where it calls wake.…, a real shop would do the same.
'use strict';

const money = (cents) => '€' + (cents / 100).toFixed(2);
const memory = {
  get(key, otherwise) {
    try {
      return JSON.parse(localStorage.getItem(key)) || otherwise;
    } catch {
      return otherwise;
    }
  },
  set(key, value) {
    try {
      localStorage.setItem(key, JSON.stringify(value));
    } catch {}
  },
};
const $ = (selector) => document.querySelector(selector);
const wake = window.wake || (() => {}); // an ad blocker may have kept it away

// Cart.

let cart = memory.get('shop-cart', []);
const total = () => cart.reduce((sum, line) => sum + line.cents * line.count, 0);

function showCart() {
  const count = cart.reduce((sum, line) => sum + line.count, 0);
  const badge = $('[data-cart-count]');
  badge.textContent = count;
  badge.hidden = !count;
  for (const element of document.querySelectorAll('[data-cart-total]')) element.textContent = money(total());
  const list = $('[data-cart]');
  if (!list || !cart.length) return;
  list.replaceChildren(
    ...cart.map((line) => {
      const row = document.createElement('div');
      row.className = 'line';
      const art = document.createElement('img');
      art.src = `/demo/assets/art/${line.art}.svg`;
      art.width = art.height = 72;
      art.alt = '';
      const name = document.createElement('span');
      name.textContent = `${line.count} × ${line.name}`;
      const price = document.createElement('span');
      price.textContent = money(line.cents * line.count);
      const remove = document.createElement('button');
      remove.className = 'quiet';
      remove.textContent = 'Remove';
      remove.addEventListener('click', () => {
        cart = cart.filter((other) => other !== line);
        memory.set('shop-cart', cart);
        if (cart.length) showCart();
        else location.reload();
      });
      row.append(art, name, price, remove);
      return row;
    })
  );
  $('[data-cart-actions]').hidden = false;
}

$('[data-add]')?.addEventListener('click', ({ currentTarget: { dataset } }) => {
  const line = cart.find((other) => other.sku === dataset.add);
  if (line) line.count++;
  else cart.push({ sku: dataset.add, name: dataset.name, cents: +dataset.cents, art: dataset.art, count: 1 });
  memory.set('shop-cart', cart);
  showCart();
  $('[data-add]').textContent = 'In your cart';
});

$('#checkout')?.addEventListener('submit', (event) => {
  event.preventDefault(); // what was typed goes nowhere
  wake(
    'track',
    'Bought',
    { items: cart.reduce((sum, line) => sum + line.count, 0), skus: cart.map((line) => line.sku) },
    { revenue: total() / 100, currency: 'EUR' }
  );
  memory.set('shop-cart', []);
  location.href = '/demo/thanks?for=order';
});

for (const id of ['#newsletter', '#question'])
  $(id)?.addEventListener('submit', (event) => {
    event.preventDefault();
    location.href = '/demo/thanks?for=' + new FormData(event.target).get('for');
  });

const thanks = {
  order: 'Your order is not on its way, but Wake knows what it was worth.',
  letter: 'You would hear from us four times a year.',
  question: 'We would answer before the next high water.',
}[new URLSearchParams(location.search).get('for')];
if (thanks && $('[data-thanks]')) $('[data-thanks]').textContent = thanks;

// Account.

const person = memory.get('shop-person', null);
if (person) {
  wake('identify', person.id, { name: person.name, plan: person.plan });
  if ($('[data-account]')) $('[data-account]').textContent = `You are ${person.name}.`;
}
for (const button of document.querySelectorAll('[data-person]'))
  button.addEventListener('click', () => {
    memory.set('shop-person', { id: button.dataset.person, name: button.dataset.name, plan: button.dataset.plan });
    location.reload();
  });
$('[data-sign-out]')?.addEventListener('click', () => {
  memory.set('shop-person', null);
  wake('reset');
  location.reload();
});

// Lookbook: the address changes, the document stays.

const scenes = {
  fog: ['Fog', 'Nothing to see, everything to hear. The lantern, the watch cap, and no hurry.'],
  calm: ['Calm', 'The paddle leaves two rings at every stroke, and the boat a line between them.'],
  rain: ['Rain', 'The Guernsey turns it for an hour. After that it is warm anyway.'],
  dusk: ['Dusk', 'Home with the tide. The mug has been waiting.'],
};
const scene = $('[data-lookbook]');
function showScene() {
  const name = location.pathname.split('/')[3];
  const [title, text] = scenes[name] || ['Choose a morning', 'Any of them.'];
  scene.className = 'scene ' + (scenes[name] ? name : '');
  scene.querySelector('h2').textContent = title;
  scene.querySelector('p').textContent = text;
  document.title = (scenes[name] ? title + ' · ' : '') + 'Lookbook · Tern & Tide';
  for (const link of document.querySelectorAll('[data-lookbook-nav] a'))
    link.toggleAttribute('aria-current', link.pathname === location.pathname);
}
if (scene) {
  $('[data-lookbook-nav]').addEventListener('click', (event) => {
    const link = event.target.closest('a');
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    history.pushState(null, '', link.href);
    showScene();
  });
  addEventListener('popstate', showScene);
  showScene();
}

showCart();
