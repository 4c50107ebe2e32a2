import { LayoutModule } from "./layout.js";
import { ReferencesModule } from "./references.js";

/** What every opened diagram needs: all its references understood, and a place for each element. */
export const DrawingModule = { __depends__: [ReferencesModule, LayoutModule] };

export { listUndrawn } from "./layout.js";
