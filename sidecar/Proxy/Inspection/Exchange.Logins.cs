using Microsoft.AspNetCore.Http;
using WafOperator.Proxy.Logins;

namespace WafOperator.Proxy.Inspection;

/// <content>Requests by which users sign in.</content>
internal sealed partial class Exchange
{
    private LoginState? _login;
    private BeginningStream? _answer;

    /// <summary>Whether this attempt may be made; asked when the body was read, since user names are in it.</summary>
    private void JudgeLogin()
    {
        if (_snapshot.Logins.IsEmpty || IsDecided) return;
        _login = _snapshot.Logins.Find(_canonical);
        if (_login is { } login)
            _inputs = _inputs with { Rate = _inputs.Rate.With(_snapshot.Logins.Judge(login, _client, _canonical)) };
    }

    /// <summary>The application's answer is looked at on its way, where that says how an attempt ended.</summary>
    private void WatchLogin()
    {
        if (_login is not { ReadsBody: true }) return;
        _http.Request.Headers.AcceptEncoding = "identity";
        _http.Response.Body = _answer = new BeginningStream(_http.Response.Body);
    }

    private void CountLogin()
    {
        if (_login is not { } login || !_decision.Forwards) return;
        var answer = new LoginAnswer(_http.Response.StatusCode, _http.Response.Headers, _answer?.Beginning ?? default);
        _services.Meters.LoginAnswered(_snapshot.Logins.Count(login, _client, _canonical, answer));
    }
}
