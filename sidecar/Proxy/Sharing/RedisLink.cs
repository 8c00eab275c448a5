using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using StackExchange.Redis;
using WafOperator.Protocols.Policies;

namespace WafOperator.Proxy.Sharing;

/// <summary>
/// A connection to Redis that never holds anybody up: it is made in the background, commands fail at once while it is
/// not there, and a server that keeps missing its time is left alone for a second at a time. Thread-safe.
/// </summary>
internal sealed class RedisLink : IDisposable
{
    /// <summary>Misses in a row after which the server is left alone.</summary>
    private const int MissesMax = 8;

    private static readonly TimeSpan LeftAloneFor = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _time;
    private readonly Task<ConnectionMultiplexer> _connecting;
    private readonly X509Certificate2Collection _authorities = [];
    private volatile string? _problem = "not connected yet";
    private volatile int _misses;
    private long _triedAt;
    private readonly CancellationTokenSource _ended = new();

    public RedisLink(RedisPolicy policy, TimeProvider time)
    {
        Policy = policy;
        _time = time;
        // Seen by who looks at the link; nobody waits for it.
        _connecting = ConnectAsync(OptionsOf(policy));
    }

    public RedisPolicy Policy { get; }

    /// <summary>Connected, and the last answers came in time.</summary>
    public bool IsUp => IsConnected && _misses < MissesMax;

    /// <summary>Why it is not up; null when it is.</summary>
    public string? Problem => IsUp ? null : IsConnected ? "it does not answer in time" : _problem ?? "not connected";

    private bool IsConnected => _connecting.IsCompletedSuccessfully && _connecting.Result.IsConnected;

    /// <summary>The database, when it is worth a question now; else null.</summary>
    public IDatabase? Ask()
    {
        if (!IsConnected) return null;
        if (_misses < MissesMax) return _connecting.Result.GetDatabase();
        var last = Interlocked.Read(ref _triedAt);
        if (_time.GetElapsedTime(last) < LeftAloneFor) return null;
        // One question tries whether it is back.
        return Interlocked.CompareExchange(ref _triedAt, _time.GetTimestamp(), last) == last
            ? _connecting.Result.GetDatabase() : null;
    }

    /// <summary>It answered in time.</summary>
    public void Answered() => _misses = 0;

    /// <summary>It did not.</summary>
    public void Missed()
    {
        if (_misses < MissesMax) Interlocked.Increment(ref _misses);
        Interlocked.Exchange(ref _triedAt, _time.GetTimestamp());
    }

    /// <summary>What a call of the library throws when the server cannot be used.</summary>
    public static bool IsOutage(Exception failure) =>
        failure is RedisException or TimeoutException or ObjectDisposedException or OperationCanceledException;

    public void Dispose()
    {
        _ended.Cancel();
        _connecting.ContinueWith(
            static made => made.Result.Dispose(), CancellationToken.None,
            TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
        foreach (var authority in _authorities) authority.Dispose();
    }

    private ConfigurationOptions OptionsOf(RedisPolicy policy)
    {
        var options = new ConfigurationOptions
        {
            ServiceName = policy.Service, User = policy.User, Password = policy.Password, Ssl = policy.Tls,
            AbortOnConnectFail = false, ConnectTimeout = 2_000, AsyncTimeout = 1_000, ConnectRetry = 3,
            BacklogPolicy = BacklogPolicy.FailFast, ClientName = "waf-sidecar", AllowAdmin = false,
        };
        foreach (var server in policy.Servers) options.EndPoints.Add(server);
        if (policy.CaPem is { } pem)
        {
            _authorities.ImportFromPem(pem);
            options.CertificateValidation += (_, certificate, chain, errors) => Trusts(certificate, chain, errors);
        }

        return options;
    }

    /// <summary>
    /// Connects, sooner or later: the library goes on by itself once it has found a server, and gives up where no
    /// sentinel names one.
    /// </summary>
    private async Task<ConnectionMultiplexer> ConnectAsync(ConfigurationOptions options)
    {
        for (var wait = TimeSpan.FromSeconds(1); ; wait = TimeSpan.FromSeconds(Math.Min(30, wait.TotalSeconds * 2)))
        {
            try
            {
                return await ConnectOnceAsync(options);
            }
            catch (Exception failure) when (IsOutage(failure))
            {
                _problem = failure.Message;
            }

            await Task.Delay(wait, _time, _ended.Token);
        }
    }

    private async Task<ConnectionMultiplexer> ConnectOnceAsync(ConfigurationOptions options)
    {
        var connection = await ConnectionMultiplexer.ConnectAsync(options);
        connection.ConnectionFailed += (_, failure) => _problem = failure.Exception?.Message ?? "the connection ended";
        connection.ConnectionRestored += (_, _) => _problem = null;
        if (connection.IsConnected) _problem = null;
        return connection;
    }

    /// <summary>The name must be right whatever the authority.</summary>
    private bool Trusts(X509Certificate? certificate, X509Chain? sent, SslPolicyErrors errors)
    {
        if (certificate is null || (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != 0) return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        // Nobody who is not trusted yet sends the sidecar to addresses.
        chain.ChainPolicy.DisableCertificateDownloads = true;
        if (sent is not null) chain.ChainPolicy.ExtraStore.AddRange(sent.ChainPolicy.ExtraStore);
        using var presented = X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
        return chain.Build(presented);
    }
}
