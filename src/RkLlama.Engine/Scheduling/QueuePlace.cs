namespace RkLlama.Engine.Scheduling;

/// <summary>The place of a waiting request in the queue.</summary>
/// <param name="Position">1 for the request that has waited longest. The order is that of arrival; <see cref="RunOrder"/> may choose another one.</param>
/// <param name="WaitSeconds">Estimated time until the request gets the slot, at least 1.</param>
internal readonly record struct QueuePlace(int Position, int WaitSeconds);
