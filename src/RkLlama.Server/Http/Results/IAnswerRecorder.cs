namespace RkLlama.Server.Http.Results;

/// <summary>Stores an answer. The writer of the API tells it the complete answer; whoever reads the events of the generation tells it a failure.</summary>
internal interface IAnswerRecorder
{
    /// <summary>Called if the run failed or was cancelled before its end. Has no effect after the complete answer.</summary>
    void Failed(Exception error);
}
