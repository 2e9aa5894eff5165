import assert from 'node:assert/strict';
import { test } from 'node:test';
import { remedyParts } from '../src/doctor/remedy';

const commandsOf = (text: string) => remedyParts(text).filter(({ isCommand }) => isCommand).map(({ text: command }) => command);

test('the commands of a remedy are told from its words', () => {
  const cases: [string, string[]][] = [
    ['rkllama tune sets it until the next boot, systemctl enable --now rkllama-tune sets it at every boot', ['rkllama tune', 'systemctl enable --now rkllama-tune']],
    ['systemctl status rkllama; journalctl -u rkllama -n 50; systemctl start rkllama', ['systemctl status rkllama', 'journalctl -u rkllama -n 50', 'systemctl start rkllama']],
    ['dmesg | grep -i rknpu; vendor kernels have the driver built in; for other kernels try modprobe rknpu', ['dmesg | grep -i rknpu', 'modprobe rknpu']],
    ['add the user to the groups render and video (usermod -aG render,video)', ['usermod -aG render,video']],
    ['df -h; remove unused models; journalctl --vacuum-size=100M', ['df -h', 'journalctl --vacuum-size=100M']],
    ['run: rkllama pull qwen2.5:1.5b', ['rkllama pull qwen2.5:1.5b']],
    ['correct it in /etc/rkllama/rkllama.env or with systemctl edit rkllama; otherwise the server does not start', ['systemctl edit rkllama']],
    ['create it, or set another one with RKLLAMA_MODELS; the service\'s user must be able to read it', []],
    ['chgrp rkllama and chmod 640 on the file', []],
  ];
  for (const [text, commands] of cases) {
    assert.deepEqual(commandsOf(text), commands, text);
    assert.equal(remedyParts(text).map(part => part.text).join(''), text);
  }
});
