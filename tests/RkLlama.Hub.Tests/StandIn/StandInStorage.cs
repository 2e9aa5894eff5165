using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace RkLlama.Hub.Tests.StandIn;

/// <summary>The origin with the bytes of large files. Sends bytes for the other origin, too, each time with the fault that the test asks for.</summary>
internal sealed class StandInStorage(StandInHub hub)
{
    internal async Task AnswerAsync(HttpContext context)
    {
        hub.TokenReachedStorage |= context.Request.Headers.ContainsKey("Authorization") || context.Request.Headers.ContainsKey("Cookie");
        if (context.Request.Query["sig"] != hub.Signature.ToString(CultureInfo.InvariantCulture))
        {
            context.Response.StatusCode = 403;
            await context.Response.WriteAsync("<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>");
            return;
        }

        string[] parts = context.Request.Path.Value!.TrimStart('/').Split('/', 3);
        string file = Uri.UnescapeDataString(parts[2]);
        await SendAsync(context, hub.Find(parts[0] + "/" + parts[1])!.Files[file].Content, file);
    }

    /// <summary>Sends a file or the part that the request asks for.</summary>
    internal async Task SendAsync(HttpContext context, Content content, string path)
    {
        (long from, long to) = RangeOf(context, content.Size);
        hub.Reads.Enqueue((path, from));
        Fault fault = hub.StorageFault(path, from) ?? new();
        if (await StandInAnswers.FailAsync(context, fault))
            return;
        if (fault.IgnoresRange)
            (from, to) = (0, content.Size);
        if (from >= content.Size && content.Size > 0)
        {
            context.Response.StatusCode = 416;
            return;
        }

        if (context.Request.Headers.Range.Count > 0 && !fault.IgnoresRange)
        {
            from += fault.RangeShift;
            context.Response.StatusCode = 206;
            context.Response.Headers.ContentRange = $"bytes {from}-{to - 1}/{content.Size + fault.Excess}";
        }

        long length = to - from + (fault.IsEndless ? 1 << 30 : fault.Excess);
        if (!fault.IsEndless)
            context.Response.ContentLength = length;
        Interlocked.Increment(ref hub.ActiveReads);
        try
        {
            await SendBytesAsync(context, content, fault, from, length);
        }
        finally
        {
            Interlocked.Decrement(ref hub.ActiveReads);
        }
    }

    private async Task SendBytesAsync(HttpContext context, Content content, Fault fault, long from, long length)
    {
        byte[] buffer = new byte[fault.BytesPerSecond is { } rate ? Math.Max(1, rate / 20) : 64 * 1024];
        for (long sent = 0; sent < length;)
        {
            int count = (int)Math.Min(buffer.Length, length - sent);
            if (fault.CutAfter is { } cut)
                count = (int)Math.Min(count, cut - sent);
            if (fault.SilentAfter is { } silent)
                count = (int)Math.Min(count, silent - sent);
            if (count > 0)
            {
                long inside = Math.Clamp(content.Size - (from + sent), 0, count);
                content.Read(from + sent, buffer.AsSpan(0, (int)inside));
                if (fault.FlipAt is { } flip && flip >= from + sent && flip < from + sent + count)
                    buffer[flip - from - sent] ^= 1;
                await context.Response.Body.WriteAsync(buffer.AsMemory(0, count), context.RequestAborted);
                Interlocked.Add(ref hub.SentBytes, count);
                sent += count;
            }

            if (fault.CutAfter == sent || fault.SilentAfter == sent)
            {
                await context.Response.Body.FlushAsync(context.RequestAborted);
                if (fault.CutAfter is null)
                    await Task.Delay(Timeout.Infinite, context.RequestAborted);
                context.Abort();
                return;
            }

            if (fault.BytesPerSecond is not null)
                await Task.Delay(50, context.RequestAborted);
        }
    }

    private static (long From, long To) RangeOf(HttpContext context, long size)
    {
        string range = context.Request.Headers.Range.ToString();
        if (range.Length == 0)
            return (0, size);
        string[] ends = range["bytes=".Length..].Split('-');
        long from = long.Parse(ends[0], CultureInfo.InvariantCulture);
        return (from, ends[1].Length == 0 ? size : Math.Min(size, long.Parse(ends[1], CultureInfo.InvariantCulture) + 1));
    }
}
