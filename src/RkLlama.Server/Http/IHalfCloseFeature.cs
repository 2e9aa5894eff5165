namespace RkLlama.Server.Http;

/// <summary>
/// Feature of a connection whose client may have closed its sending side. TCP reports a client that only ends its sending, as <c>nc -N</c> does, and a client
/// that has left in the same way. They differ when the server sends something: only a client that has left answers with a reset.
/// </summary>
internal interface IHalfCloseFeature
{
    /// <summary>
    /// Completes shortly after the client has closed its sending side. Then a response that has nothing to send yet sends a keep-alive. It is the probe that
    /// shows whether the client still reads.
    /// </summary>
    Task ProbeDue { get; }

    /// <summary>
    /// Whether the request is being prepared, so that no answer can start. No probe is possible then. If the client has closed its sending side for 2 s, it
    /// counts as gone, because most of these clients have left.
    /// </summary>
    bool IsPreparing { get; set; }

    /// <summary>
    /// Keeps the end of the input from Kestrel while a request reads its body. Without this, Kestrel cuts the connection if the input ends before the body does,
    /// and the client gets no response.
    /// </summary>
    /// <param name="ended">Called once when the input has ended before the body. It cancels the pending read of the body.</param>
    void HoldEndOfInput(Action ended);

    /// <summary>Ends the hold. After an incomplete body, Kestrel then closes the connection, so the response must be complete.</summary>
    void ReleaseEndOfInput();
}
