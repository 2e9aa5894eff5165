namespace RkLlama.Server.Http.Results;

/// <summary>Stores an answer. The writer of the API passes the complete answer. The task that reads the events of the generation reports a failure.</summary>
internal interface IAnswerRecorder
{
    /// <summary>Called if the run failed or was cancelled before its end. Has no effect after the complete answer.</summary>
    void Failed(Exception error);
}
