namespace WafOperator.Injection.Capture;

/// <summary>What is said about the protocol of a port.</summary>
public enum PortProtocol
{
    /// <summary>Nothing, or a word that is not known: the port is captured.</summary>
    Unknown,

    /// <summary>HTTP without TLS, WebSocket and gRPC among it.</summary>
    Http,

    /// <summary>Something inside TLS, which the sidecar cannot read.</summary>
    Tls,

    /// <summary>Another protocol.</summary>
    Other,
}

/// <summary>
/// Reads <c>appProtocol</c> and names of ports, as Kubernetes and the meshes define them: <c>appProtocol</c> is a name
/// of IANA's registry or <c>domain/name</c>; a port's name is <c>protocol</c> or <c>protocol-suffix</c>. Where two
/// statements differ, the one that captures holds: a port that breaks is seen, one that is not inspected is not.
/// </summary>
internal static class PortProtocols
{
    private static readonly HashSet<string> Http = Words("http http2 http1 h2c h2 grpc grpc-web ws websocket www "
        + "www-http http-alt http-dev web-http");

    private static readonly HashSet<string> Tls = Words("https https-alt tls ssl wss amqps mqtts secure-mqtt ldaps "
        + "smtps submissions imaps pop3s ftps rediss grpcs https2");

    private static readonly HashSet<string> Other = Words("tcp udp sctp mongo mongodb mysql mariadb mysqlx redis "
        + "sentinel amqp amqp10 postgres postgresql pgsql psql pgbouncer kafka mqtt ldap smtp submission imap pop3 ssh "
        + "sftp ftp dns domain epmd memcached memcache cassandra cql nats zookeeper jmx jdwp thrift stomp syslog rtmp "
        + "rtsp sip mssql ms-sql-s tds oracle bolt rsync nfs git telnet ntp snmp fluentd fluent forward beats");

    /// <summary>
    /// How charts call the ports by which members of a cluster talk to one another, and those of debuggers. As whole
    /// names only: <c>cluster-api</c> says nothing of the kind. Not <c>debug</c>, where Go serves profiles over HTTP.
    /// </summary>
    private static readonly HashSet<string> AmongMembers = Words("dist transport cluster clustering gossip peer raft "
        + "serf serflan serfwan serf-lan serf-wan serf-tcp gossip-ring gossip-tcp memberlist rmi jmx-rmi jgroups "
        + "hazelcast debugger");

    /// <summary>From a Service port's <c>appProtocol</c>.</summary>
    public static PortProtocol OfAppProtocol(string text)
    {
        var word = text.ToLowerInvariant();
        if (word.StartsWith("http/", StringComparison.Ordinal)) return PortProtocol.Http;
        var slash = word.LastIndexOf('/');
        var known = OfWord(word[(slash + 1)..]);
        // Without a domain it is a protocol of IANA's registry, and those of HTTP are known.
        return known != PortProtocol.Unknown || slash >= 0 || word.Length == 0 ? known : PortProtocol.Other;
    }

    /// <summary>From the name of a Service's or a container's port.</summary>
    public static PortProtocol OfName(string? name)
    {
        if (name is null) return PortProtocol.Unknown;
        var known = OfWord(name);
        if (known != PortProtocol.Unknown) return known;
        return AmongMembers.Contains(name) ? PortProtocol.Other : OfWord(name.Split('-')[0]);
    }

    /// <summary>
    /// What holds for one target of a Service (null: nobody targets the port), with the names that containers give the
    /// port.
    /// </summary>
    public static PortProtocol Of(ServiceTarget? target, IEnumerable<string?> names, bool isProbedWithTls)
    {
        var container = names.Select(OfName).ToList();
        if (container.Contains(PortProtocol.Http) || target?.Protocol == PortProtocol.Http) return PortProtocol.Http;
        if (target is not null && target.Protocol != PortProtocol.Unknown) return target.Protocol;
        var said = container.FirstOrDefault(protocol => protocol != PortProtocol.Unknown);
        return said == PortProtocol.Unknown && isProbedWithTls ? PortProtocol.Tls : said;
    }

    /// <summary>True where the sidecar could read nothing.</summary>
    public static bool IsUnreadable(PortProtocol protocol) => protocol is PortProtocol.Tls or PortProtocol.Other;

    private static PortProtocol OfWord(string word) => Http.Contains(word) ? PortProtocol.Http
        : Tls.Contains(word) ? PortProtocol.Tls
        : Other.Contains(word) ? PortProtocol.Other : PortProtocol.Unknown;

    private static HashSet<string> Words(string text) => new(text.Split(' '), StringComparer.Ordinal);
}
