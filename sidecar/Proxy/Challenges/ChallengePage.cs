using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace WafOperator.Proxy.Challenges;

/// <summary>What a challenge page is about.</summary>
/// <param name="Check">Address of the check with ticket and place, local.</param>
/// <param name="Ticket">The ticket.</param>
/// <param name="Bits">Leading zero bits of the work; 0 for a page that only waits.</param>
/// <param name="Fields">Fields of a form that was sent and is sent again; null for a request without a body.</param>
/// <param name="EventId">Id of the event.</param>
internal sealed record ChallengePageParts(
    string Check, string Ticket, int Bits, IReadOnlyList<KeyValuePair<string, string>>? Fields, string EventId);

/// <summary>
/// Writes challenge pages: no third party, no images, below 10 kB without the fields of a form, readable by screen
/// readers, of use without scripts where work is not asked for. Pure.
/// </summary>
internal static class ChallengePage
{
    /// <summary>Seconds that a page that only waits waits.</summary>
    public const int WaitSeconds = 2;

    private static readonly CultureInfo Plain = CultureInfo.InvariantCulture;

    private const string Style =
        "body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1rem;color:#1a1a1a;"
        + "background:#fff}button{font:inherit;padding:.5rem 1rem}code{overflow-wrap:anywhere}";

    /// <summary>
    /// Counts until the SHA-256 of ticket, dot and number begins with the bits that were asked for. The hash is written
    /// out since browsers have theirs on encrypted pages only. A form's field may be called submit or action, which then
    /// stands for what the form's own was.
    /// </summary>
    private const string Script =
        """
        (function(){'use strict';
        var d=document.getElementById('work').dataset,bits=+d.bits,ticket=d.ticket,n=0,k=[],h0=[],i,j,p=2;
        function frac(x){return (x-Math.floor(x))*4294967296|0}
        for(i=0;i<64;p++){for(j=2;j*j<=p&&p%j;j++);if(j*j>p){if(i<8)h0[i]=frac(Math.sqrt(p));k[i++]=frac(Math.cbrt(p))}}
        function r(x,c){return x>>>c|x<<32-c}
        function hash(text){
          var l=text.length,w=new Int32Array(((l+8>>6)+1)*16),h=h0.slice(),m=new Int32Array(64),b,t,x,y,s;
          for(t=0;t<l;t++)w[t>>2]|=text.charCodeAt(t)<<24-t%4*8;
          w[l>>2]|=128<<24-l%4*8;w[w.length-1]=l*8;
          for(b=0;b<w.length;b+=16){
            s=h.slice();
            for(t=0;t<64;t++){
              if(t<16)m[t]=w[b+t];else{x=m[t-15];y=m[t-2];
                m[t]=m[t-16]+(r(x,7)^r(x,18)^x>>>3)+m[t-7]+(r(y,17)^r(y,19)^y>>>10)|0}
              x=s[7]+(r(s[4],6)^r(s[4],11)^r(s[4],25))+(s[4]&s[5]^~s[4]&s[6])+k[t]+m[t]|0;
              y=(r(s[0],2)^r(s[0],13)^r(s[0],22))+(s[0]&s[1]^s[0]&s[2]^s[1]&s[2])|0;
              s=[x+y|0,s[0],s[1],s[2],s[3]+x|0,s[4],s[5],s[6]]}
            for(t=0;t<8;t++)h[t]=h[t]+s[t]|0}
          return h}
        function zeros(h){var z=Math.clz32(h[0]);return z<32?z:32+Math.clz32(h[1])}
        function step(){
          var end=Date.now()+40;
          while(Date.now()<end)for(i=0;i<64;i++,n++)if(zeros(hash(ticket+'.'+n))>=bits)return done();
          setTimeout(step,0)}
        function done(){
          var f=document.getElementById('again'),to=d.check+'&n='+n;
          if(f){f.setAttribute('action',to);HTMLFormElement.prototype.submit.call(f)}else location.replace(to)}
        step()})();
        """;

    /// <summary>What pages may do, and nothing else: this style, this script, forms to this site.</summary>
    public static string ContentSecurityPolicy { get; } =
        $"default-src 'none'; style-src 'sha256-{Digest(Style)}'; script-src 'sha256-{Digest(Script)}'; "
        + "form-action 'self'; frame-ancestors 'self'; base-uri 'none'";

    /// <summary>The page.</summary>
    /// <param name="parts">What it is about.</param>
    /// <param name="languages">The Accept-Language header; English when none of it is spoken.</param>
    public static string Write(ChallengePageParts parts, string? languages)
    {
        var words = ChallengeWords.For(languages);
        var isWork = parts.Bits > 0;
        var text = new StringBuilder(4096);
        text.Append(Plain, $"<!doctype html>\n<html lang=\"{words.Language}\"><head><meta charset=\"utf-8\">")
            .Append("<meta name=\"viewport\" content=\"width=device-width\">")
            .Append("<meta name=\"robots\" content=\"noindex\">");
        if (!isWork && parts.Fields is null)
        {
            text.Append(Plain, $"<meta http-equiv=\"refresh\" content=\"{WaitSeconds + 1};url=")
                .Append(WebUtility.HtmlEncode(parts.Check)).Append("\">");
        }

        text.Append(Plain, $"<title>{words.Title}</title><style>{Style}</style></head><body>")
            .Append(Plain, $"<main><h1>{words.Title}</h1>")
            .Append(Plain, $"<p role=\"status\">{words.Why}</p>");
        if (isWork) text.Append(Plain, $"<noscript><p>{words.NeedsScript}</p></noscript>");
        if (parts.Fields is { } fields) Form(text, parts, fields, isWork ? null : words.Continue);
        else if (!isWork)
            text.Append(Plain, $"<p><a href=\"{WebUtility.HtmlEncode(parts.Check)}\">{words.Continue}</a></p>");
        text.Append(Plain, $"<p>{words.Help} <code>{WebUtility.HtmlEncode(parts.EventId)}</code></p></main>");
        if (isWork) Work(text, parts);
        return text.Append("</body></html>\n").ToString();
    }

    /// <summary>A page that only says something.</summary>
    public static string Say(string? languages, bool needsCookies, string eventId)
    {
        var words = ChallengeWords.For(languages);
        return $"<!doctype html>\n<html lang=\"{words.Language}\"><head><meta charset=\"utf-8\">"
            + $"<meta name=\"robots\" content=\"noindex\"><title>{words.Title}</title><style>{Style}</style></head>"
            + $"<body><main><h1>{words.Title}</h1><p role=\"status\">"
            + (needsCookies ? words.NeedsCookies : words.SendAgain)
            + $"</p><p>{words.Help} <code>{WebUtility.HtmlEncode(eventId)}</code></p></main></body></html>\n";
    }

    private static void Form(
        StringBuilder text, ChallengePageParts parts, IReadOnlyList<KeyValuePair<string, string>> fields,
        string? button)
    {
        text.Append(Plain, $"<form id=\"again\" method=\"post\" action=\"{WebUtility.HtmlEncode(parts.Check)}\">");
        foreach (var (name, value) in fields)
        {
            text.Append(Plain, $"<input type=\"hidden\" name=\"{Attribute(name)}\" value=\"{Attribute(value)}\">");
        }

        if (button is not null) text.Append(Plain, $"<button>{button}</button>");
        text.Append("</form>");
    }

    private static void Work(StringBuilder text, ChallengePageParts parts) => text
        .Append(Plain, $"<div id=\"work\" hidden data-bits=\"{parts.Bits}\" data-ticket=\"{parts.Ticket}\" ")
        .Append(Plain, $"data-check=\"{WebUtility.HtmlEncode(parts.Check)}\"></div><script>{Script}</script>");

    private static string Attribute(string value) => WebUtility.HtmlEncode(value)
        .Replace("\r", "&#13;", StringComparison.Ordinal).Replace("\n", "&#10;", StringComparison.Ordinal);

    private static string Digest(string text) => Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
