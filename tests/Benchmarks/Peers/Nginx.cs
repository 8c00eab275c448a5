using WafOperator.Benchmarks.Load;

namespace WafOperator.Benchmarks.Peers;

/// <summary>
/// nginx as Debian builds it: as an application that answers 200, as a proxy, and as a proxy with ModSecurity and CRS.
/// One worker each, foreground, all files in the scratch folder; Debian's own configuration is read, never written.
/// </summary>
internal sealed class Nginx(string scratch)
{
    private const string Module = "/usr/share/nginx/modules/ngx_http_modsecurity_module.so";
    private const string RecommendedRules = "/etc/nginx/modsecurity.conf";
    private const string CrsSetup = "/etc/modsecurity/crs/crs-setup.conf";

    /// <summary>Null when everything that is needed is installed, else what is missing.</summary>
    public static string? Missing() =>
        new[] { "/usr/sbin/nginx", Module, RecommendedRules, CrsSetup, Contenders.Rules }
            .FirstOrDefault(static path => !Path.Exists(path));

    /// <summary>The application behind every proxy.</summary>
    public Task<MeasuredProcess> ApplicationAsync(int port) => StartAsync("application", port, "", $$"""
        location / { default_type application/json; return 200 '{"status":"fine"}'; }
        """);

    public Task<MeasuredProcess> ProxyAsync(int upstream) =>
        StartAsync("proxy", Contenders.FreePort(), Upstream(upstream), Forward);

    /// <summary>The proxy with ModSecurity in force and CRS unmodified at a paranoia level.</summary>
    public Task<MeasuredProcess> ModSecurityAsync(int upstream, int paranoia)
    {
        var name = $"modsecurity-{paranoia}";
        var rules = Path.Combine(scratch, $"{name}.conf");
        // As Debian ships it, in force; responses are left alone, as they are by our default.
        File.WriteAllText(rules, $"""
            Include {RecommendedRules}
            SecRuleEngine On
            SecResponseBodyAccess Off
            SecAuditLog {scratch}/{name}.audit
            Include {CrsSetup}
            SecAction "id:900000,phase:1,nolog,pass,t:none,setvar:tx.paranoia_level={paranoia}"
            Include {Contenders.Rules}/rules/*.conf

            """);
        return StartAsync(name, Contenders.FreePort(), Upstream(upstream),
            $"modsecurity on; modsecurity_rules_file {rules};\n{Forward}", $"load_module {Module};");
    }

    private const string Forward = "location / { proxy_pass http://application; proxy_http_version 1.1; "
        + "proxy_set_header Connection \"\"; proxy_set_header Host $http_host; }";

    private static string Upstream(int port) =>
        $"upstream application {{ server 127.0.0.1:{port}; keepalive 32; keepalive_requests 100000000; }}";

    private Task<MeasuredProcess> StartAsync(string name, int port, string upstream, string server, string main = "")
    {
        var folder = Path.Combine(scratch, name);
        Directory.CreateDirectory(folder);
        var file = Path.Combine(scratch, $"nginx-{name}.conf");
        // Bodies stay in memory, so that no proxy of the comparison pays for a disk. The worker keeps the user, whose
        // scratch folder it writes to.
        File.WriteAllText(file, $$"""
            {{main}}
            daemon off;
            user {{Environment.UserName}};
            worker_processes 1;
            pid {{folder}}/pid;
            error_log {{folder}}/error.log crit;
            events { worker_connections 1024; }
            http {
              access_log off;
              keepalive_requests 100000000;
              keepalive_timeout 1h;
              client_max_body_size 16m;
              client_body_buffer_size 2m;
              client_body_temp_path {{folder}}/body;
              proxy_temp_path {{folder}}/proxy;
              fastcgi_temp_path {{folder}}/fastcgi;
              uwsgi_temp_path {{folder}}/uwsgi;
              scgi_temp_path {{folder}}/scgi;
              {{upstream}}
              server { listen 127.0.0.1:{{port}}; {{server}} }
            }

            """);
        return MeasuredProcess.StartAsync(port, "/usr/sbin/nginx", ["-p", folder, "-c", file, "-e", "stderr"]);
    }
}
