import '@fontsource-variable/inter';
import '@fontsource-variable/jetbrains-mono';
import './styles/tokens.css';
import './styles/base.css';
import { mount } from 'svelte';
import App from './components/App.svelte';
import { Presenter } from './state/presenter.svelte.ts';

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no element with the id "app"');

const presenter = new Presenter();
// Before anything reads the address, or shows it.
presenter.begin();
mount(App, { target, props: { presenter } });
