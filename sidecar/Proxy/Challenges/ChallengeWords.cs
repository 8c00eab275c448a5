namespace WafOperator.Proxy.Challenges;

/// <summary>Texts of challenge pages in one language.</summary>
/// <param name="Language">Its tag.</param>
/// <param name="Title">Heading.</param>
/// <param name="Why">What happens now.</param>
/// <param name="Continue">Link or button to go on.</param>
/// <param name="NeedsScript">What to do without scripts, where work is asked for.</param>
internal sealed record ChallengeWords(
    string Language, string Title, string Why, string Continue, string NeedsScript)
{
    public required string NeedsCookies { get; init; }
    public required string SendAgain { get; init; }
    public required string Help { get; init; }

    private static readonly ChallengeWords English = new(
        "en", "One moment", "We are checking that your browser is one. You will be taken on by itself.", "Go on",
        "This step needs JavaScript. Please allow it for this site, or tell the site's owner the id below.")
    {
        NeedsCookies = "This site needs a cookie to know your browser again. Please allow cookies and load the page "
            + "again.",
        SendAgain = "What you sent could not be kept. Please open the site, and then send it again.",
        Help = "If you are stuck here, tell the site's owner this id:",
    };

    private static readonly ChallengeWords[] Spoken =
    [
        English,
        new(
            "de", "Einen Moment", "Wir prüfen, ob Ihr Browser einer ist. Sie werden von selbst weitergeleitet.",
            "Weiter", "Dieser Schritt braucht JavaScript. Bitte erlauben Sie es für diese Seite, oder nennen Sie dem "
            + "Betreiber die Kennung unten.")
        {
            NeedsCookies = "Diese Seite braucht ein Cookie, um Ihren Browser wiederzuerkennen. Bitte erlauben Sie "
                + "Cookies und laden Sie die Seite neu.",
            SendAgain = "Was Sie gesendet haben, konnte nicht aufbewahrt werden. Bitte öffnen Sie die Seite und "
                + "senden Sie es noch einmal.",
            Help = "Wenn Sie hier nicht weiterkommen, nennen Sie dem Betreiber diese Kennung:",
        },
        new(
            "fr", "Un instant", "Nous vérifions votre navigateur. Vous serez redirigé automatiquement.", "Continuer",
            "Cette étape requiert JavaScript. Autorisez-le pour ce site, ou communiquez à son propriétaire "
            + "l'identifiant ci-dessous.")
        {
            NeedsCookies = "Ce site a besoin d'un cookie pour reconnaître votre navigateur. Autorisez les cookies et "
                + "rechargez la page.",
            SendAgain = "Votre envoi n'a pas pu être conservé. Ouvrez le site, puis envoyez-le de nouveau.",
            Help = "Si vous restez bloqué ici, communiquez cet identifiant au propriétaire du site :",
        },
        new(
            "es", "Un momento", "Estamos comprobando su navegador. Continuará automáticamente.", "Continuar",
            "Este paso necesita JavaScript. Permítalo para este sitio o indique al propietario el identificador de "
            + "abajo.")
        {
            NeedsCookies = "Este sitio necesita una cookie para reconocer su navegador. Permita las cookies y vuelva a "
                + "cargar la página.",
            SendAgain = "No se pudo conservar lo que envió. Abra el sitio y envíelo de nuevo.",
            Help = "Si no puede continuar, indique este identificador al propietario del sitio:",
        },
        new(
            "it", "Un momento", "Stiamo verificando il browser. Si proseguirà automaticamente.", "Continua",
            "Questo passaggio richiede JavaScript. Consentitelo per questo sito o comunicate al proprietario "
            + "l'identificativo qui sotto.")
        {
            NeedsCookies = "Questo sito ha bisogno di un cookie per riconoscere il browser. Consentite i cookie e "
                + "ricaricate la pagina.",
            SendAgain = "Non è stato possibile conservare l'invio. Aprite il sito e inviate di nuovo.",
            Help = "Se restate bloccati qui, comunicate questo identificativo al proprietario del sito:",
        },
    ];

    /// <summary>The first language of the header that is spoken here; weights are not read, browsers sort.</summary>
    public static ChallengeWords For(string? languages)
    {
        foreach (var range in (languages ?? "").Split(',', 16))
        {
            var tag = range.AsSpan().Trim();
            foreach (var words in Spoken)
            {
                if (tag.StartsWith(words.Language, StringComparison.OrdinalIgnoreCase)
                    && (tag.Length == 2 || tag[2] is '-' or ';')) return words;
            }
        }

        return English;
    }
}
