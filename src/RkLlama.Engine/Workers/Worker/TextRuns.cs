using RkLlama.Engine.Workers.Protocol;
using RkLlama.Native;

namespace RkLlama.Engine.Workers.Worker;

/// <summary>Runs of the model that generate text. Used by the main loop of the worker only.</summary>
/// <param name="cache">The contents of the model's KV cache.</param>
/// <param name="frames">Where the tokens are sent.</param>
internal sealed class TextRuns(RkllmModel model, KvCacheTracker cache, FrameWriter frames)
{
    private readonly LastTokenReplacer _lastToken = new(cache, model.Process);

    /// <summary>Generates an answer, and sends its tokens. Returns after the end of the run.</summary>
    internal RunEnd Generate(RunCommand command, CancellationToken cancellationToken)
    {
        int shared;
        try
        {
            if (!command.ClearsCache)
                _lastToken.TryReplace(command.Input, cancellationToken);
            shared = cache.CountShared(command.Input);
            if (cache.MustClearBefore(command.Input) || command.ClearsCache)
            {
                model.ClearKvCache();
                shared = 0;
            }
        }
        catch (RkllmException ex)
        {
            return new(RunEndReason.Error, 0, null, ex.Message);
        }

        // Usually one write per token. If this thread is slower than the NPU, several tokens are sent with one write.
        RunEnd? end = null;
        foreach (RunPiece piece in model.Generate(command.Input, command.Parameters, cancellationToken, beforeWait: frames.Flush))
        {
            end = piece.End ?? end;
            if (piece.End is null)
            {
                cache.Add(piece.TokenId);
                frames.AddToken(command.Id, piece.TokenId, piece.Text.Span);
            }
        }

        // The run may have ended before the library processed the prompt.
        if (end is { Reason: RunEndReason.Cancelled or RunEndReason.Error, TokenCount: 0 })
            cache.Forget();
        _lastToken.OnEnd(command.Input, shared, end!.Statistics);
        return end;
    }
}
