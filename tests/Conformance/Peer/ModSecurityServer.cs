using System.Diagnostics;

namespace WafOperator.Conformance.Peer;

/// <summary>
/// nginx with ModSecurity 3 as Debian builds both, in front of an nginx that answers 200. Requests are told apart by
/// the client's port, which the audit log names: nothing is added to them. Files of one folder, removed with the
/// server.
/// </summary>
internal sealed class ModSecurityServer : IDisposable
{
    public const string Program = "/usr/sbin/nginx";
    public const string Module = "/usr/share/nginx/modules/ngx_http_modsecurity_module.so";
    public const string RecommendedRules = "/etc/nginx/modsecurity.conf";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("waf-modsecurity-");
    private readonly int _port = RawClient.FreePort();
    private readonly Process _process;

    /// <summary>The port of the application behind the firewall.</summary>
    public int ApplicationPort { get; } = RawClient.FreePort();

    private RawClient? _client;

    public ModSecurityServer(string rules)
    {
        File.WriteAllText(In("rules.conf"), $"""
            {rules}
            SecAuditEngine On
            SecAuditLogFormat JSON
            SecAuditLogParts AHZ
            SecAuditLog {In("audit")}

            """);
        File.WriteAllText(In("nginx.conf"), $$"""
            load_module {{Module}};
            daemon off;
            user {{Environment.UserName}};
            worker_processes 1;
            pid {{In("pid")}};
            error_log {{In("error.log")}} error;
            events { worker_connections 256; }
            http {
              access_log off;
              client_max_body_size 16m;
              client_body_buffer_size 2m;
              underscores_in_headers on;
              ignore_invalid_headers off;
              client_header_timeout 1s;
              client_body_timeout 1s;
              client_body_temp_path {{In("body")}};
              proxy_temp_path {{In("proxy")}};
              fastcgi_temp_path {{In("fastcgi")}};
              uwsgi_temp_path {{In("uwsgi")}};
              scgi_temp_path {{In("scgi")}};
              server {
                listen 127.0.0.1:{{ApplicationPort}};
                location / { default_type text/html; return 200 '<html></html>'; }
              }
              server {
                listen 127.0.0.1:{{_port}};
                modsecurity on;
                modsecurity_rules_file {{In("rules.conf")}};
                location / { proxy_pass http://127.0.0.1:{{ApplicationPort}}; }
              }
            }

            """);
        _process = Process.Start(new ProcessStartInfo(
            Program, ["-p", _folder.FullName, "-c", In("nginx.conf"), "-e", In("start.log")]))!;
        RawClient.WaitFor(_port, _process, () => File.ReadAllText(In("start.log")));
    }

    /// <summary>Sends requests to this server.</summary>
    public RawClient Client => _client ??= new RawClient(_port);

    /// <summary>Ends the server and returns what its audit log says, by the client's port.</summary>
    public IReadOnlyDictionary<int, PeerRecord> Stop()
    {
        using (var quit = Process.Start("kill", ["-QUIT", $"{_process.Id}"])) quit.WaitForExit();
        _process.WaitForExit();
        return AuditLog.Read(In("audit"));
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
        _folder.Delete(recursive: true);
    }

    private string In(string name) => Path.Combine(_folder.FullName, name);
}
