// MariaDB of the run's own: data, socket and port are its own.
import path from 'node:path';
import fs from 'node:fs';
import {freePort, pause, runToEnd} from './processes.mjs';

export class Database {
  static async start(stage) {
    const self = new Database();
    self.folder = path.join(stage.folder, 'mariadb');
    self.socket = path.join(self.folder, 'mariadb.sock');
    self.port = await freePort();
    fs.mkdirSync(self.folder, {recursive: true});
    runToEnd('chown', ['mysql:mysql', self.folder]);
    const data = path.join(self.folder, 'data');
    runToEnd('mariadb-install-db', ['--no-defaults', '--user=mysql', `--datadir=${data}`, '--skip-test-db',
      '--auth-root-authentication-method=normal']);
    const child = stage.processes.start('mariadb', 'mariadbd', ['--no-defaults', '--user=mysql', `--datadir=${data}`,
      `--socket=${self.socket}`, `--port=${self.port}`, '--bind-address=127.0.0.1', `--pid-file=${self.folder}/pid`,
      '--innodb-flush-log-at-trx-commit=0', '--innodb-buffer-pool-size=64M', '--skip-name-resolve']);
    for (let i = 0; ; i++) {
      try { self.run('select 1'); break; } catch (error) {
        if (i > 150 || child.exitCode !== null) throw new Error(`MariaDB does not start: ${error.message}`);
        await pause(200);
      }
    }
    return self;
  }

  /** Runs statements as root; gives what they print, columns by tabs. */
  run(text, database = '') {
    return runToEnd('mariadb', ['--no-defaults', `--socket=${this.socket}`, '-uroot', '-N', '-B', database].filter(Boolean),
      {input: text});
  }

  /** A database and a user of the same name who owns it. */
  create(name, password) {
    this.run(`create database ${name} character set utf8mb4; create user '${name}'@'%' identified by '${password}';
      grant all on *.* to '${name}'@'%' with grant option;`);
  }
}
