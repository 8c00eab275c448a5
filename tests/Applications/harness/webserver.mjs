// nginx and php-fpm of the run's own, on loopback ports, with nothing of the machine's configuration.
import fs from 'node:fs';
import path from 'node:path';
import {answers, freePort, runToEnd} from './processes.mjs';

const USER = 'www-data';
const FPM = '/usr/sbin/php-fpm8.2';

export class PhpServer {
  /**
   * Serves a folder of PHP pages.
   * @param {object} stage the run
   * @param {string} name of the application
   * @param {object} site root (folder), locations (further nginx directives), fallback (`try_files` target),
   *   environment (name to value, seen by PHP), settings (php.ini), aliases (path to folder)
   */
  static async start(stage, name, site) {
    const folder = path.join(stage.folder, name, 'web');
    fs.mkdirSync(path.join(folder, 'tmp'), {recursive: true});
    fs.mkdirSync(path.join(folder, 'sessions'), {recursive: true});
    giveTo(folder);
    const socket = path.join(folder, 'fpm.sock');
    const settings = {
      upload_max_filesize: '32M', post_max_size: '34M', memory_limit: '512M', max_execution_time: '120',
      'session.save_path': path.join(folder, 'sessions'), upload_tmp_dir: path.join(folder, 'tmp'),
      sys_temp_dir: path.join(folder, 'tmp'), 'date.timezone': 'UTC', display_errors: '0', log_errors: '1',
      ...site.settings,
    };
    fs.writeFileSync(path.join(folder, 'fpm.conf'), [
      '[global]', `error_log = ${folder}/fpm.log`, 'daemonize = no',
      '[www]', `user = ${USER}`, `group = ${USER}`, `listen = ${socket}`, `listen.owner = ${USER}`,
      'pm = static', 'pm.max_children = 6', 'clear_env = yes', 'catch_workers_output = yes',
      ...Object.entries(settings).map(([key, value]) => `php_admin_value[${key}] = ${value}`),
      ...Object.entries(site.environment ?? {}).map(([key, value]) => `env[${key}] = "${value}"`), '',
    ].join('\n'));
    const port = await freePort();
    fs.writeFileSync(path.join(folder, 'nginx.conf'), nginxConfiguration(folder, port, socket, site));
    stage.processes.start(`${name}-php`, FPM, ['--nodaemonize', '--fpm-config', path.join(folder, 'fpm.conf')]);
    const server = stage.processes.start(`${name}-nginx`, 'nginx', ['-c', path.join(folder, 'nginx.conf'),
      '-e', path.join(folder, 'nginx.log'), '-g', 'daemon off;']);
    await answers(`http://127.0.0.1:${port}/nothing-is-here`, server);
    return `http://127.0.0.1:${port}`;
  }
}

function nginxConfiguration(folder, port, socket, site) {
  const aliases = Object.entries(site.aliases ?? {}).map(([at, to]) => `location ^~ ${at} { alias ${to}; }`);
  return `
user ${USER};
worker_processes 2;
pid ${folder}/nginx.pid;
error_log ${folder}/nginx.log;
events { worker_connections 1024; }
http {
  include /etc/nginx/mime.types;
  default_type application/octet-stream;
  access_log ${folder}/access.log;
  client_max_body_size 40m;
  client_body_temp_path ${folder}/tmp/body; proxy_temp_path ${folder}/tmp/proxy; fastcgi_temp_path ${folder}/tmp/fastcgi;
  uwsgi_temp_path ${folder}/tmp/uwsgi; scgi_temp_path ${folder}/tmp/scgi;
  keepalive_timeout 65s;
  gzip on;
  # Redirects of the server's own name the address that the client knows.
  absolute_redirect off;
  server {
    listen 127.0.0.1:${port};
    root ${site.root};
    index index.php index.html;
    ${site.locations ?? ''}
    ${aliases.join('\n    ')}
    location / { try_files $uri $uri/ ${site.fallback ?? '=404'}; }
    location ~ ^(?<script>.+?\\.php)(?<rest>/.*)?$ {
      if (!-f $document_root$script) { return 404; }
      # Not Debian's fastcgi_params: its HTTP_HOST lacks the port, which applications need for their own address.
      fastcgi_param QUERY_STRING $query_string; fastcgi_param REQUEST_METHOD $request_method;
      fastcgi_param CONTENT_TYPE $content_type; fastcgi_param CONTENT_LENGTH $content_length;
      fastcgi_param SCRIPT_FILENAME $document_root$script; fastcgi_param SCRIPT_NAME $script;
      fastcgi_param PATH_INFO $rest; fastcgi_param REQUEST_URI $request_uri; fastcgi_param DOCUMENT_URI $document_uri;
      fastcgi_param DOCUMENT_ROOT $document_root; fastcgi_param SERVER_PROTOCOL $server_protocol;
      fastcgi_param GATEWAY_INTERFACE CGI/1.1; fastcgi_param SERVER_SOFTWARE nginx;
      fastcgi_param REMOTE_ADDR $remote_addr; fastcgi_param REMOTE_PORT $remote_port;
      fastcgi_param SERVER_ADDR $server_addr; fastcgi_param SERVER_PORT $server_port;
      fastcgi_param SERVER_NAME $host; fastcgi_param HTTP_HOST $http_host; fastcgi_param REDIRECT_STATUS 200;
      fastcgi_buffers 32 16k;
      fastcgi_buffer_size 32k;
      fastcgi_read_timeout 180s;
      fastcgi_pass unix:${socket};
    }
  }
}
`;
}

/** A copy of an installed application that may be written to. Links are followed: the copy stands alone. */
export function copyTree(from, to) {
  fs.mkdirSync(path.dirname(to), {recursive: true});
  runToEnd('cp', ['-rL', from, to]);
  giveTo(to);
}

export function giveTo(folder) {
  runToEnd('chown', ['-R', `${USER}:${USER}`, folder]);
}
